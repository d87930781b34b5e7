import { createContactIds } from '@consent-ledger/privacy';
import { mixedAddresses } from '../population.js';
import { answer } from './answering.js';

const contactIds = createContactIds(Buffer.from(process.env['LEDGER_PEPPER']!, 'base64'));
const addresses = mixedAddresses(Number(process.env['ADDRESSES']), Number(process.env['CONTACTS']));
const milliseconds = Number(process.env['SECONDS']) * 1000;

function hashForAWhile(): number {
  const startedAt = performance.now();
  let hashed = 0;
  while (performance.now() - startedAt < milliseconds) {
    for (const address of addresses) contactIds.fromAddress(address);
    hashed += addresses.length;
  }
  return hashed / ((performance.now() - startedAt) / 1000);
}

answer({}, { measure: () => ({ perSecond: hashForAWhile() }) });
