import { readFileSync } from 'node:fs';
import type { RecordedEvent } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import { dump, handle, noon, readModelsInMemory, recorded, type Told } from '../recorded.fixture.js';
import {
  publishedTemplateOf,
  readTemplateReference,
  templateOfStream,
  templateReference,
  templateStream,
  type PublishedTemplate,
} from './template-events.js';
import { TemplatesProjection } from './templates.projection.js';

const content = (html: string) => ({ kind: 'commercial', languages: { nl: { html, text: html } } });
const HOUR = 3_600_000;

function published(id: string, version: number, at = noon): Told {
  const data = { version, ...content(`${id} ${version}`) };
  return { streamId: templateStream(id), type: 'TemplatePublished', data, at };
}

function setUp(events: readonly RecordedEvent[] = []) {
  const readModels = readModelsInMemory();
  const templates = new TemplatesProjection(readModels);
  handle(readModels, templates, events);
  return { readModels, templates };
}

describe('a stored event of a template', () => {
  const golden = JSON.parse(readFileSync(new URL('./template-published.v1.json', import.meta.url), 'utf8')) as {
    readonly recorded: RecordedEvent;
    readonly read: PublishedTemplate;
  };

  it('is read for ever', () => {
    expect(publishedTemplateOf(golden.recorded)).toStrictEqual(golden.read);
    expect(setUp([golden.recorded]).templates.find('spring', 1)).toStrictEqual(golden.read);
  });

  it('is told from any other', () => {
    expect(templateOfStream(templateStream('spring'))).toBe('spring');
    expect(templateOfStream('mailing-spring')).toBeUndefined();
    const forgotten = { ...golden.recorded, type: 'TemplateForgotten' };
    expect(() => setUp([forgotten])).toThrow('The event at position 7 is not one of a template.');
  });
});

describe('a reference to a template', () => {
  it('names its version', () => {
    expect(readTemplateReference(templateReference('spring', 12))).toStrictEqual({ id: 'spring', version: 12 });
  });

  it.each(['spring', 'spring@', 'spring@0', 'spring@01', 'spring@-1', 'spring@1.5', '@1', 'a@b@1', 'spring@1e3'])(
    'is none: %j',
    (text) => {
      expect(readTemplateReference(text)).toBeUndefined();
    },
  );
});

describe('the templates projection', () => {
  const story = recorded([
    published('spring', 1),
    published('autumn', 1),
    published('spring', 2, noon + HOUR),
    { streamId: 'mailing-spring', type: 'MailingCreated' },
  ]);

  it('finds each version, and the last one', () => {
    const { templates } = setUp(story);
    const first = { id: 'spring', version: 1, publishedAt: noon, content: content('spring 1') };
    expect(templates.find('spring', 1)).toStrictEqual(first);
    expect(templates.find('spring')).toMatchObject({
      version: 2,
      publishedAt: noon + HOUR,
      content: content('spring 2'),
    });
    expect([templates.find('spring', 3), templates.find('summer'), templates.find('summer', 1)]).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('lists each template by its last version', () => {
    expect(setUp(story).templates.list()).toStrictEqual([
      { id: 'autumn', version: 1, kind: 'commercial', languages: ['nl'], publishedAt: noon },
      { id: 'spring', version: 2, kind: 'commercial', languages: ['nl'], publishedAt: noon + HOUR },
    ]);
    expect(setUp().templates.list()).toStrictEqual([]);
  });

  it('is idempotent if run twice', () => {
    const { readModels, templates } = setUp(story);
    const once = dump(readModels);
    handle(readModels, templates, story);
    expect(dump(readModels)).toBe(once);
  });

  it('keeps a version as it was published first', () => {
    const other = { ...published('spring', 1), data: { version: 1, ...content('other') } };
    const { templates } = setUp(recorded([published('spring', 1), other]));
    expect(templates.find('spring', 1)?.content).toStrictEqual(content('spring 1'));
  });

  it('is built again to the same, byte for byte', () => {
    const { readModels, templates } = setUp();
    for (const event of story) handle(readModels, templates, [event]);
    const grown = dump(readModels);
    readModels.reset(templates);
    expect(templates.list()).toStrictEqual([]);
    handle(readModels, templates, story);
    expect(dump(readModels)).toBe(grown);
  });
});
