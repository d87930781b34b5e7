import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration, silentLogger } from '@consent-ledger/platform';
import { startApi, type Api } from '../../apps/api/src/start.js';
import { startMailer } from '../../apps/mailer/src/start.js';
import { startWorker } from '../../apps/worker/src/start.js';
import { startDistributed, type DistributedEngines } from '../support/engines.js';
import { ADMIN_KEY, requestsTo, type Requests } from '../support/requests.js';

const PUBLIC_URL = 'http://localhost:3000';

/** One app, as in a process of its own: with a directory that it shares with none. */
export interface Member extends Requests {
  readonly url: string;
  readonly directory: string;
  close(): Promise<void>;
}

/** Any number of apps on the same engines. */
export interface Fleet {
  readonly engines: DistributedEngines;
  start(app: App, environment?: Readonly<Record<string, string>>): Promise<Member & Partial<Api>>;
  /** The settings that an app gets which is started in it. */
  settings(directory: string, environment?: Readonly<Record<string, string>>): Record<string, string>;
  stop(): Promise<void>;
}

const starts = { api: startApi, worker: startWorker, mailer: startMailer } as const;
type App = keyof typeof starts;

export async function makeFleet(): Promise<Fleet> {
  const engines = await startDistributed();
  const root = await mkdtemp(join(tmpdir(), 'ledger-fleet-'));
  const members = new Set<Member>();
  let started = 0;
  const settings: Fleet['settings'] = (directory, environment) => ({
    PORT: '0',
    DATA_DIR: directory,
    LEDGER_ADMIN_KEY: ADMIN_KEY,
    PUBLIC_URL,
    ...engines.environment,
    ...environment,
  });
  return {
    engines,
    settings,
    async start(app, environment) {
      const directory = join(root, `${app}-${(started += 1)}`);
      const running = await starts[app](readConfiguration(settings(directory, environment)), { logger: silentLogger });
      const member: Member & Partial<Api> = {
        ...running,
        ...requestsTo(running.url),
        directory,
        close() {
          members.delete(member);
          return running.close();
        },
      };
      members.add(member);
      return member;
    },
    async stop() {
      for (const member of members) await member.close();
      await engines.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
