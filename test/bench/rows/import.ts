import { startChild } from '../child.js';
import { rateLine, type Row } from '../row.js';
import { flagsOf, secrets } from '../service.js';

const RATE = 0.4;
const ROUNDS = 3;

/** A first import, every row a new contact, against the durable append of the bytes that it leaves and nothing else. */
export const importing: Row = {
  name: 'import',
  about: 'rows of a CSV file to durable events of new contacts; floor: appending the same rows of log and vault',
  async measure({ rounds, imported }, directory) {
    const environment = {
      ...secrets,
      LEDGER_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
      LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
      DATA_DIR: directory,
      ROWS: String(imported),
    };
    const child = await startChild('importing', environment, ...flagsOf('ledger'));
    const ask = async (question: string) => (await child.ask(question))['perSecond']!;
    await ask('import');
    const [ours, indexed, bare]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < Math.min(ROUNDS, rounds); round++) {
      indexed.push(await ask('indexed'));
      bare.push(await ask('bare'));
      ours.push(await ask('import'));
    }
    await child.stop();
    return [
      rateLine('import', 'rows', ours, indexed, RATE),
      rateLine('import, against a table without index or vault', 'rows', ours, bare),
    ];
  },
};
