import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecordingLogger } from '@consent-ledger/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { confirmationFromMail, visit } from '../recipients/pages.js';
import { startService, type TestService } from '../support/service.js';

const shipped = new URL('../../libs/mail/templates/newsletter', import.meta.url);
const logger = createRecordingLogger();
let folder: string;
let service: TestService;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-templates-'));
  await cp(shipped, join(folder, 'newsletter'), { recursive: true });
  service = await startService({ environment: { TEMPLATES_DIR: folder }, logger });
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

describe('templates of the operator that lack what the service sends by itself', () => {
  it('let a double opt-in be confirmed all the same: the shipped mail stands in (P3)', async () => {
    const link = await confirmationFromMail(service, 'eigen@example.nl');
    expect((await visit(service, link)).heading).toBe('Bevestig je aanmelding');
  });

  it('are told of once, when the service starts', () => {
    const told = logger.lines.filter(({ message }) => message.includes('TEMPLATES_DIR'));
    expect(told).toMatchObject([
      { level: 'warn', fields: { template: 'confirm-opt-in, preference-link, reconsent, reconsent-reminder' } },
    ]);
  });
});
