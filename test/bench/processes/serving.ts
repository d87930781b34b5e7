import { readConfiguration, type Configuration } from '@consent-ledger/platform';
import { answer } from './answering.js';

const SAMPLE_EVERY_MS = 10;

interface Serving {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts what serves the API, by the environment, and answers what it costs this process. */
export async function serve(start: (configuration: Configuration) => Promise<Serving>): Promise<void> {
  const startedAt = performance.now();
  const service = await start(readConfiguration(process.env));
  const startedInMs = performance.now() - startedAt;

  let peak = 0;
  let sampler: NodeJS.Timeout | undefined;
  const sample = () => (peak = Math.max(peak, process.memoryUsage.rss()));

  /** From now on the peak is watched; rows that do not ask for it are not disturbed by that. */
  function watchPeak(): number {
    sampler ??= setInterval(sample, SAMPLE_EVERY_MS).unref();
    return (peak = process.memoryUsage.rss());
  }

  process.on('SIGTERM', () => void service.close().then(() => process.exit(0)));

  answer(
    { port: Number(new URL(service.url).port), startedInMs },
    {
      processor: () => ({ microseconds: processorMicroseconds() }),
      rss: () => ({ bytes: watchPeak() }),
      peak: () => ({ bytes: sample() }),
      highest: () => ({ bytes: process.resourceUsage().maxRSS * 1024 }),
    },
  );
}

/** Of all that this process did since it was started, in the kernel too. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
