import 'reflect-metadata';
import { ConfigurationError, readConfiguration } from '@consent-ledger/platform';
import { startStandalone, type Standalone } from './start.js';

/** Long enough for a mail in hand; a second signal ends at once. */
const GRACE = 30_000;

function announce({ url, adminKey }: Standalone, outbox: string): void {
  const lines = [
    '',
    `  consent-ledger listens on ${url}`,
    `  API documentation        ${url}/docs  (any user name, an API key as password)`,
    `  mail goes to             ${outbox}`,
    ...(adminKey ? ['', '  Administrator key, shown this once:', `  ${adminKey}`] : []),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function closeOnSignal(service: Standalone): void {
  let closing = false;
  const close = () => {
    if (closing) process.exit(1);
    closing = true;
    setTimeout(() => process.exit(1), GRACE).unref();
    service.close().then(
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
  process.exitCode = 1;
}

// The log, the vault, the secrets and the outbox are for the owner of the process alone.
process.umask(0o077);

try {
  const configuration = readConfiguration(process.env);
  const service = await startStandalone(configuration);
  announce(service, configuration.SMTP_URL ? 'the SMTP server of SMTP_URL' : `${configuration.DATA_DIR}/outbox`);
  closeOnSignal(service);
} catch (error) {
  tellWhyNot(error);
}
