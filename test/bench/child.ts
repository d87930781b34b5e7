import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark that answers one question at a time. */
export interface Child {
  /** What it said once it was ready. */
  readonly ready: Record<string, number>;
  ask(question: string): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts a module of `processes/` and resolves once it is ready. Rejects when it ends before. */
export async function startChild(
  module: string,
  environment: Record<string, string> = {},
  ...flags: string[]
): Promise<Child> {
  const child = fork(new URL(`./processes/${module}.js`, import.meta.url), [], {
    env: { ...process.env, ...environment },
    execArgv: [...process.execArgv, ...flags],
    serialization: 'advanced',
  });
  const ended = once(child, 'exit');
  const answer = async (): Promise<Record<string, number>> => {
    const message = once(child, 'message');
    const [first] = await Promise.race([message, ended.then(() => [undefined])]);
    if (first === undefined) throw new Error(`The process "${module}" ended before it answered.`);
    return first as Record<string, number>;
  };
  return {
    ready: await answer(),
    ask(question) {
      const answered = answer();
      child.send(question);
      return answered;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
