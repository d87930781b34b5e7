import { readFileSync } from 'node:fs';
import type { ReceiveMail } from '@consent-ledger/application';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import { createInboundReader, extensionOf } from '@consent-ledger/mail';
import { dataFiles, newId, type Clock, type Configuration, type Logger } from '@consent-ledger/platform';
import { MailListener } from './mail-listener.js';

export interface MailListenerDependencies {
  readonly receiveMail: ReceiveMail;
  readonly links: Links;
  readonly returnPaths: ReturnPaths;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The listener that the settings ask for; `undefined` where no mail is to be taken. */
export function openMailListener(
  configuration: Configuration,
  { receiveMail, links, returnPaths, clock, logger }: MailListenerDependencies,
): MailListener | undefined {
  const { INBOUND_SMTP_PORT, INBOUND_SMTP_HOST, INBOUND_SMTP_RATE, MAIL_BOUNCES, MAIL_UNSUBSCRIBE, DATA_DIR } =
    configuration;
  if (INBOUND_SMTP_PORT === undefined) return undefined;
  const reader = createInboundReader({ links, returnPaths }, dataFiles(DATA_DIR).inbound);
  const own = (MAIL_BOUNCES ?? MAIL_UNSUBSCRIBE)!;
  return new MailListener({
    port: INBOUND_SMTP_PORT,
    host: INBOUND_SMTP_HOST,
    name: own.slice(own.lastIndexOf('@') + 1),
    tls: tlsOf(configuration),
    rate: INBOUND_SMTP_RATE,
    isOurs: (address) => isOurs(address, configuration, returnPaths),
    receive: (raw, envelope) => receiveMail.receive(reader, { raw, envelope }, { correlationId: newId() }),
    clock,
    logger,
  });
}

/** A mark that was not made here names nobody: what comes to it is forged, and is not let in. */
function isOurs(address: string, { MAIL_BOUNCES, MAIL_UNSUBSCRIBE }: Configuration, returnPaths: ReturnPaths): boolean {
  if (MAIL_UNSUBSCRIBE !== undefined && extensionOf(address, MAIL_UNSUBSCRIBE) !== undefined) return true;
  const mark = MAIL_BOUNCES === undefined ? undefined : extensionOf(address, MAIL_BOUNCES);
  return mark === '' || (mark !== undefined && returnPaths.deliveryOf(mark) !== undefined);
}

function tlsOf({ INBOUND_SMTP_CERT, INBOUND_SMTP_KEY }: Configuration) {
  if (INBOUND_SMTP_CERT === undefined || INBOUND_SMTP_KEY === undefined) return undefined;
  return { cert: readFileSync(INBOUND_SMTP_CERT), key: readFileSync(INBOUND_SMTP_KEY) };
}
