#!/usr/bin/env node
import { resolveTxt } from 'node:dns/promises';
import { systemClock } from '@consent-ledger/platform';
import { runLedger } from './program.js';

// A log, a vault or an export that it makes is for the owner of the process alone.
process.umask(0o077);

const stop = new AbortController();
// Once only: a second signal ends the process in the ordinary way.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

// Whoever reads a long answer may have seen enough: "ledger simulate | head".
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runLedger(process.argv.slice(2), {
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock(),
  resolveTxt,
  signal: stop.signal,
});
