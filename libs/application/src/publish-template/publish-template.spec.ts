import { PublishTemplateCommand, ShowTemplateQuery, type TemplateDraft } from '@consent-ledger/application';
import { createMailing, createTestLedger } from '@consent-ledger/testing';
import { mailingStream, templateStream } from '@consent-ledger/projections';
import { describe, expect, it } from '@jest/globals';

const body = '{{#> layout}}x{{/layout}}';
const draft = (subject = 'Lente'): TemplateDraft => ({
  kind: 'commercial',
  languages: { nl: { subject, html: body, text: body } },
});
const actor = { kind: 'agent', id: 'a-key' } as const;
const publish = (content: TemplateDraft = draft(), id = 'spring') =>
  new PublishTemplateCommand(id, content, actor, 'a-request');

describe('publishing a template', () => {
  it('records what it says, its version and who published it', async () => {
    const { execute, store } = await createTestLedger();
    expect(await execute(publish())).toMatchObject({ isNew: true, published: { id: 'spring', version: 1 } });
    expect(await store.readStream(templateStream('spring'))).toMatchObject([
      {
        type: 'TemplatePublished',
        data: { version: 1, ...draft() },
        metadata: { actor, correlationId: 'a-request', policyVersion: 'dnp-giftcard@1', schemaVersion: 1 },
      },
    ]);
  });

  it('is known to whoever asks after the answer', async () => {
    const { execute, ask } = await createTestLedger();
    await execute(publish());
    await execute(publish(draft('Zomer')));
    expect(await ask(new ShowTemplateQuery('spring', undefined))).toMatchObject({ version: 2, ...draft('Zomer') });
    expect(await ask(new ShowTemplateQuery('spring', 1))).toMatchObject({ version: 1, ...draft() });
  });

  it('records nothing for what the last version says already, whatever the order of its names', async () => {
    const { execute, store } = await createTestLedger();
    await execute(publish());
    const { html, text, subject } = draft().languages['nl']!;
    const reordered = {
      languages: { nl: { text: text!, html: html!, subject: subject! } },
      kind: 'commercial',
    } as const;
    expect(await execute(publish(reordered))).toMatchObject({ isNew: false, published: { version: 1 } });
    expect(await store.readStream(templateStream('spring'))).toHaveLength(1);
  });

  it('refuses a name of the service itself, and what cannot be sent, and records neither', async () => {
    const { execute, store } = await createTestLedger();
    await expect(execute(publish(draft(), 'newsletter'))).rejects.toMatchObject({ code: 'CONFLICT' });
    const bare = { kind: 'commercial', languages: { nl: { html: 'x', text: 'x' } } } as const;
    await expect(execute(publish(bare))).rejects.toMatchObject({
      code: 'INVALID_TEMPLATE',
      errors: [{ field: 'languages.nl', message: expect.stringContaining('UNSUBSCRIBE_LINK_MISSING') }],
    });
    expect(await store.head()).toBe(-1);
  });
});

describe('a mailing of a published template', () => {
  const templateOf = async ({ store }: Awaited<ReturnType<typeof createTestLedger>>) =>
    (await store.readStream(mailingStream('spring')))[0]!.data['template'];

  it('is pinned to the last version, and is the same mailing when it is asked for again', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(publish());
    await ledger.execute(createMailing({ template: 'spring' }));
    await ledger.execute(publish(draft('Zomer')));
    await ledger.execute(createMailing({ template: 'spring' }));
    await ledger.execute(createMailing({ template: 'spring@1' }));
    expect(await templateOf(ledger)).toBe('spring@1');
    await expect(ledger.execute(createMailing({ template: 'spring@2' }))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(ledger.execute(createMailing({ template: 'newsletter' }))).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is of the version that it names', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(publish());
    await ledger.execute(publish(draft('Zomer')));
    await ledger.execute(createMailing({ template: 'spring@1' }));
    expect(await templateOf(ledger)).toBe('spring@1');
  });
});
