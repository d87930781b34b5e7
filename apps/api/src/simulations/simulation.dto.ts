import { IsInt, IsObject, Max, Min } from 'class-validator';
import { IsInstant } from '../http/instant.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export class SimulationDto {
  /** A published version, `{id, version}`, or a policy document; it is checked as a policy file is. */
  @MayBeAbsent() @IsObject() readonly policy?: object;
  @MayBeAbsent() @IsInstant() readonly from?: string;
  @MayBeAbsent() @IsInstant() readonly at?: string;
  @MayBeAbsent() @IsInstant() readonly knownAt?: string;
  @MayBeAbsent() @IsInt() @Min(0) @Max(120) readonly months?: number;
  /** How many of the messages that would have been refused are listed. */
  @MayBeAbsent() @IsInt() @Min(0) @Max(10_000) readonly limit?: number;
}
