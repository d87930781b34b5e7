import { IsBoolean, IsObject, Matches } from 'class-validator';
import { IsFreeText } from '../http/free-text.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export class PolicyPublicationDto {
  /** A policy document; it is checked as a policy file is. */
  @IsObject() readonly policy!: object;
  @MayBeAbsent() @IsBoolean() readonly force?: boolean;
  @MayBeAbsent() @IsFreeText(1000) @Matches(/\S/, { message: 'must say why' }) readonly reason?: string;
}
