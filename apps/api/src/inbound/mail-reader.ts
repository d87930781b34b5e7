import { CLOCK, CONFIGURATION, LINKS, METRICS, RETURN_PATHS } from '@consent-ledger/application';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import { createInboundReader, createKeptMail, roomLeft, type KeptMessage } from '@consent-ledger/mail';
import { dataFiles, type Clock, type Configuration, type Metrics, type WaitingMail } from '@consent-ledger/platform';

export const MAIL_READER = Symbol('MailReader');

/** What reads mail that is posted to this api. It watches all that waits for a person, also what another door let in. */
export const mailReader = {
  provide: MAIL_READER,
  useFactory: (
    { DATA_DIR }: Configuration,
    links: Links,
    returnPaths: ReturnPaths,
    metrics: Pick<Metrics, 'watchKeptMail'>,
    clock: Clock,
  ) => {
    const { inbound: directory } = dataFiles(DATA_DIR);
    const kept = createKeptMail({ directory });
    metrics.watchKeptMail(async () => waitingAt(clock.now(), await kept.list()));
    return createInboundReader({ links, returnPaths }, directory);
  },
  inject: [CONFIGURATION, LINKS, RETURN_PATHS, METRICS, CLOCK],
};

function waitingAt(now: number, waiting: readonly KeptMessage[]): WaitingMail {
  const [oldest] = waiting;
  const oldestSeconds = oldest ? Math.max(0, now - oldest.keptAt) / 1000 : 0;
  return { messages: waiting.length, oldestSeconds, roomLeft: roomLeft(waiting) };
}
