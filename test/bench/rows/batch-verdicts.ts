import { startChild } from '../child.js';
import { post, runLoad } from '../load.js';
import { mixedAddresses } from '../population.js';
import { interleaved, rateLine, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY, secrets, startService } from '../service.js';

const A_CALL = 10_000;
/** One call is answered while the next is on its way. */
const AT_ONCE = 2;
const RATE = 0.4;

/** Ten thousand addresses a call, against a loop that only hashes them. */
export const batchVerdicts: Row = {
  name: 'batch',
  about: 'JSON batches of 10 000 addresses, nine in ten known; floor: a loop that only hashes them as contactId does',
  async measure({ rounds, seconds, contacts }, directory) {
    await seedLog(directory, contacts);
    const service = await startService(directory);
    const hashing = await startChild('hashing', {
      ...secrets,
      ADDRESSES: String(A_CALL),
      CONTACTS: String(contacts),
      SECONDS: String(seconds),
    });
    const calls = callsOf(mixedAddresses(contacts, contacts));
    let asked = 0;
    const ask = async () => {
      const { perSecond } = await runLoad({
        port: service.ready['port']!,
        connections: AT_ONCE,
        seconds,
        next: () => calls[asked++ % calls.length],
      });
      return perSecond * A_CALL;
    };
    const hash = async () => (await hashing.ask('measure'))['perSecond']!;

    await ask();
    await hash();
    const { ours, floor } = await interleaved(rounds, ask, hash);
    await Promise.all([service.stop(), hashing.stop()]);
    return [rateLine('batch verdicts', 'addresses', ours, floor, RATE)];
  },
};

function callsOf(addresses: readonly string[]): string[] {
  return Array.from({ length: Math.floor(addresses.length / A_CALL) }, (_, call) =>
    post(
      '/v1/eligibility/batch',
      KEY,
      JSON.stringify({ purpose: 'newsletter', addresses: addresses.slice(call * A_CALL, (call + 1) * A_CALL) }),
    ),
  );
}
