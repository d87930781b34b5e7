import { IsBoolean, IsObject, IsString, Matches, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export class PolicyPublicationDto {
  /** A policy document; it is checked as a policy file is. */
  @IsObject() readonly policy!: object;
  @MayBeAbsent() @IsBoolean() readonly force?: boolean;
  @MayBeAbsent() @IsString() @MaxLength(1000) @Matches(/\S/, { message: 'must say why' }) readonly reason?: string;
}
