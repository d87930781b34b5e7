import type { MessagePort, Worker } from 'node:worker_threads';
import type { PersonalData, Unsealed } from './personal-data.js';

/** What is asked of the thread that seals: the values of one `sealEach`, or to end. */
type Asked = { readonly question: number; readonly unsealed: string } | 'end';

/** What it answers; the error of a question that failed. */
type Answered = { readonly question: number } & (
  { readonly sealed: readonly string[] } | { readonly error: ToldError }
);

/** An error as it crosses a port: cloned as it is, it would lose its code, by which a fault of the disk is known. */
interface ToldError {
  readonly message: string;
  readonly code?: string;
  readonly cause?: ToldError;
}

/** Seals what comes through a port and answers there. Resolves once it was asked to end, and has answered all before that. */
export function sealForPort(port: MessagePort, { sealEach }: Pick<PersonalData, 'sealEach'>): Promise<void> {
  let answered: Promise<unknown> = Promise.resolve();

  async function answer(question: number, unsealed: readonly Unsealed[]): Promise<void> {
    const sealing = sealEach(unsealed);
    const answer: Answered = await sealing.then(
      (sealed) => ({ question, sealed }),
      (error: unknown) => ({ question, error: tell(error) }),
    );
    port.postMessage(answer);
  }

  return new Promise((resolve, reject) => {
    port.on('message', (asked: Asked) => {
      if (asked === 'end') answered.then(() => resolve(port.close()), reject);
      else
        answered = Promise.all([answered, answer(asked.question, JSON.parse(asked.unsealed) as readonly Unsealed[])]);
    });
  });
}

/** Has values sealed by whoever answers at the other end of a port. */
export interface PortSealing extends Pick<PersonalData, 'sealEach'> {
  /** Rejects everything that was not answered, and all that is asked from now on. */
  fail(cause: unknown): void;
  /** Asks the other end to end. */
  end(): void;
}

/** Seals through a port at whose other end `sealForPort` answers. What could not be sealed there is rejected with its cause. */
export function sealThroughPort(port: Pick<MessagePort | Worker, 'postMessage' | 'on'>): PortSealing {
  const waiting = new Map<number, { resolve: (sealed: readonly string[]) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let failure: Error | undefined;

  port.on('message', (answered: Answered) => {
    const { resolve, reject } = waiting.get(answered.question)!;
    waiting.delete(answered.question);
    if ('sealed' in answered) resolve(answered.sealed);
    else reject(notSealed(hear(answered.error)));
  });

  return {
    sealEach: (unsealed) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        const question = asked++;
        waiting.set(question, { resolve, reject });
        // As text: the structured clone of objects takes three times as long.
        port.postMessage({ question, unsealed: JSON.stringify(unsealed) } satisfies Asked);
      }),
    fail(cause) {
      failure ??= notSealed(cause);
      for (const { reject } of waiting.values()) reject(failure);
      waiting.clear();
    },
    end: () => port.postMessage('end' satisfies Asked),
  };
}

function notSealed(cause: unknown): Error {
  return new Error('Personal data could not be sealed, and nothing of it was recorded: try again.', { cause });
}

function tell(error: unknown): ToldError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code, cause } = error as Error & { readonly code?: unknown };
  return { message, ...(typeof code === 'string' && { code }), ...(cause !== undefined && { cause: tell(cause) }) };
}

function hear({ message, code, cause }: ToldError): Error {
  return Object.assign(new Error(message, cause && { cause: hear(cause) }), code !== undefined && { code });
}
