import { CONFIGURATION, LINKS, RETURN_PATHS } from '@consent-ledger/application';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import { createInboundReader } from '@consent-ledger/mail';
import { dataFiles, type Configuration } from '@consent-ledger/platform';

export const MAIL_READER = Symbol('MailReader');

/** What reads mail that is posted to this api. */
export const mailReader = {
  provide: MAIL_READER,
  useFactory: ({ DATA_DIR }: Configuration, links: Links, returnPaths: ReturnPaths) =>
    createInboundReader({ links, returnPaths }, dataFiles(DATA_DIR).inbound),
  inject: [CONFIGURATION, LINKS, RETURN_PATHS],
};
