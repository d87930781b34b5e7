import { storageFaultIn } from '@consent-ledger/platform';
import { UnusableKeyVault } from '@consent-ledger/privacy';
import type { Ledger } from './ledger.js';

/** Whether a process can do its work: `ok`, `degraded` where only a part fails, `unavailable` where it should get no questions. */
export interface Health {
  readonly status: 'ok' | 'degraded' | 'unavailable';
  /** Each is `ok`, or says what is not. */
  readonly checks: Readonly<Record<'log' | 'writing' | 'keyVault' | 'readModels', string> & Record<string, string>>;
}

export type HealthSources = Pick<
  Ledger,
  'store' | 'connection' | 'vault' | 'processor' | 'writeFault' | 'otherChecks' | 'clock'
>;

/** For how long the read models may be behind before this process should get no questions. */
const MOST_BEHIND_MS = 10_000;

/** `ok`, or what is not; `fatal` where this process should get no questions. */
interface Check {
  readonly says: string;
  readonly fatal?: boolean;
}

const OK: Check = { says: 'ok' };

/**
 * Looks whether the process can do its work. Where only writing fails it is still sent requests: nobody could tell people
 * better that their opt-out did not count yet (P4).
 */
export async function checkHealth(sources: HealthSources): Promise<Health> {
  const [log, keyVault, readModels] = await Promise.all([
    checkLog(sources),
    checkKeyVault(sources),
    checkReadModels(sources),
  ]);
  const checks = { log, writing: checkWriting(sources), keyVault, readModels, ...checkOthers(sources) };
  const all: readonly Check[] = Object.values(checks);
  const isReady = !all.some(({ fatal }) => fatal);
  const says = Object.entries(checks).map(([name, check]) => [name, check.says]);
  return {
    status: all.every((check) => check === OK) ? 'ok' : isReady ? 'degraded' : 'unavailable',
    checks: Object.fromEntries(says) as Health['checks'],
  };
}

/** What stands beside the ledger never keeps questions from being answered. */
function checkOthers({ otherChecks }: HealthSources): Record<string, Check> {
  const told = [...otherChecks].map(([name, check]) => [name, check()] as const);
  return Object.fromEntries(told.map(([name, says]) => [name, says === OK.says ? OK : { says }]));
}

async function checkLog({ store, connection }: HealthSources): Promise<Check> {
  try {
    await store.head();
    return OK;
  } catch {
    const says = connection() === 'connecting' ? 'connecting: the log does not answer' : 'the log cannot be read';
    return { says, fatal: true };
  }
}

function checkWriting({ writeFault }: HealthSources): Check {
  const fault = writeFault();
  return fault === undefined ? OK : { says: `the last write to the log was refused: ${fault}` };
}

async function checkKeyVault({ vault }: HealthSources): Promise<Check> {
  try {
    await vault.check();
    await vault.find('');
    await vault.wasDestroyed('');
    return OK;
  } catch (error) {
    const why =
      error instanceof UnusableKeyVault ? 'is under a master key that this process was not given' : 'cannot be read';
    return { says: `the key vault ${why}: opt-outs count, all else that holds personal data fails` };
  }
}

async function checkReadModels({ processor, clock }: HealthSources): Promise<Check> {
  if (processor.error) return { says: `stopped: ${processor.error.constructor.name}`, fatal: true };
  try {
    const behindMs = await processor.behindMs(clock.now());
    if (behindMs > MOST_BEHIND_MS)
      return { says: `${Math.floor(behindMs / 1000)} seconds behind the log`, fatal: true };
  } catch {
    return { says: 'how far behind is not known: the log cannot be read', fatal: true };
  }
  const { interruption } = processor;
  if (interruption === undefined) return OK;
  return { says: `interrupted, and tried again: ${storageFaultIn(interruption) ?? 'the log does not answer'}` };
}
