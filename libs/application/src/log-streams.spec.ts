import {
  apiKeyStream,
  contactStream,
  deliveryStream,
  mailingStream,
  policyStream,
  requestStream,
  templateStream,
} from '@consent-ledger/projections';
import { describe, expect, it } from '@jest/globals';
import { importStream } from './import-contacts/import-events.js';
import { STREAM_PREFIXES } from './log-streams.js';
import { LEDGER_STREAM } from './same-pepper.js';

describe('the prefixes of the streams', () => {
  it('take in every kind of stream, each by one of them', () => {
    const named = [
      contactStream,
      deliveryStream,
      mailingStream,
      policyStream,
      templateStream,
      requestStream,
      importStream,
      apiKeyStream,
    ].map((streamOf) => streamOf('x'));
    const taken = [...named, LEDGER_STREAM].map((stream) =>
      STREAM_PREFIXES.findIndex((prefix) => stream.startsWith(prefix)),
    );
    expect([...taken].sort()).toStrictEqual(STREAM_PREFIXES.map((_, at) => at));
  });
});
