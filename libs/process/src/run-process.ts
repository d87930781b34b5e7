import { ConfigurationError, readConfiguration, type Configuration } from '@consent-ledger/platform';

/** A process that has started. */
export interface RunningProcess {
  /** What it says on standard output, line by line. */
  readonly announcement: readonly string[];
  /** Takes nothing new, finishes what is in hand, then lets go of everything. */
  close(): Promise<void>;
}

/** Long enough for a mail in hand; a second signal ends at once. */
const GRACE_MS = 30_000;

/**
 * Starts a process of the service by the environment and runs it until SIGTERM or SIGINT. Where it cannot start it says why on
 * standard error and ends with 1.
 */
export async function runProcess(start: (configuration: Configuration) => Promise<RunningProcess>): Promise<void> {
  // The log, the vault, the secrets and the outbox are for the owner of the process alone.
  process.umask(0o077);
  try {
    const running = await start(readConfiguration(process.env));
    process.stdout.write(`\n${running.announcement.map((line) => line && `  ${line}`).join('\n')}\n\n`);
    closeOnSignal(running);
  } catch (error) {
    tellWhyNot(error);
    // What had begun by then would keep it from ending.
    process.exit(1);
  }
}

function closeOnSignal(running: RunningProcess): void {
  let closing = false;
  const close = () => {
    if (closing) process.exit(1);
    closing = true;
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

function tellWhyNot(error: unknown): void {
  const known = error instanceof Error && (error instanceof ConfigurationError || 'code' in error);
  process.stderr.write(`consent-ledger did not start.\n${known ? error.message : String((error as Error).stack)}\n`);
}
