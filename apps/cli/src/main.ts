#!/usr/bin/env node
import { systemClock } from '@consent-ledger/platform';
import { runLedger } from './program.js';

const stop = new AbortController();
// Once only: a second signal ends the process in the ordinary way.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

process.exitCode = await runLedger(process.argv.slice(2), {
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock(),
  signal: stop.signal,
});
