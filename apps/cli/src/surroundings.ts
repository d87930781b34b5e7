import type { Clock } from '@consent-ledger/platform';
import { FAILED } from './exit-codes.js';

/** Where text is written; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The TXT records of a name in DNS, each in the strings it is made of; rejects with a code such as `ENOTFOUND`. */
export type TxtResolver = (name: string) => Promise<readonly (readonly string[])[]>;

/** What a command has around it. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For results, which another program may read. */
  readonly stdout: Screen;
  /** For progress, and for what went wrong. */
  readonly stderr: Screen;
  readonly clock: Clock;
  readonly resolveTxt: TxtResolver;
  /** Aborts when the operator asks to stop. */
  readonly signal: AbortSignal;
}

/** A command could not do its work; the message tells the operator why, and what to do. */
export class CommandFailed extends Error {
  readonly code = 'COMMAND_FAILED';
  constructor(
    message: string,
    readonly exitCode = FAILED,
  ) {
    super(message);
  }
}

/** What was compared is not the same, and the command has said how. */
export class Difference extends Error {
  readonly code = 'DIFFERENT';
}
