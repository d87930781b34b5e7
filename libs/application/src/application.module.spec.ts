import 'reflect-metadata';
import { createTestLedger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import type { Provider, Type } from '@nestjs/common';
import { Command, CommandHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApplicationModule } from './application.module.js';
import type { TemplateCatalogue } from './template-catalogue.js';
import * as application from './index.js';

/** Where @nestjs/cqrs 12 notes which message a handler is for. */
const HANDLES = ['__commandHandler__', '__queryHandler__'] as const;
/** Where it notes the id of a message. */
const IDS = ['__command__', '__query__'] as const;

/** Every message of the application that has not exactly one handler, with how many it has. */
function unhandled(messages: readonly Type[], providers: readonly Provider[]): [string, number][] {
  const handled = providers.filter((provider) => typeof provider === 'function').flatMap(messagesOf);
  return messages
    .map((message): [string, number] => {
      const id = idOf(message);
      return [message.name, id === undefined ? 0 : handled.filter((one) => one === id).length];
    })
    .filter(([, handlers]) => handlers !== 1);
}

function messagesOf(handler: Type): string[] {
  return HANDLES.flatMap((key) => {
    const message = Reflect.getMetadata(key, handler) as Type | undefined;
    const id = message && idOf(message);
    return id === undefined ? [] : [id];
  });
}

function idOf(message: Type): string | undefined {
  const [noted] = IDS.flatMap((key) => (Reflect.getMetadata(key, message) as { id: string } | undefined) ?? []);
  return noted?.id;
}

/** The command and query classes that the application shows to others. */
function messagesIn(exported: Readonly<Record<string, unknown>>): Type[] {
  return Object.values(exported).filter((value): value is Type => isMessage(value));
}

function isMessage(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  return value.prototype instanceof Command || value.prototype instanceof Query;
}

class Orphan extends Command<void> {}
class Contested extends Query<void> {}
@QueryHandler(Contested)
class FirstHandler {}
@QueryHandler(Contested)
class SecondHandler {}
class Served extends Command<void> {}
@CommandHandler(Served)
class ServedHandler {}

describe('the application', () => {
  it('has exactly one handler for every command and query that it shows', async () => {
    const { providers } = ApplicationModule.over(await createTestLedger(), {} as TemplateCatalogue);
    const messages = messagesIn(application);
    expect(messages.length).toBeGreaterThanOrEqual(17);
    expect(unhandled(messages, providers!)).toStrictEqual([]);
  });

  it('would be found without one, or with two', () => {
    const providers = [FirstHandler, SecondHandler, ServedHandler, { provide: 'a port', useValue: Orphan }];
    expect(messagesIn({ Orphan, Contested, Served, FirstHandler, text: 'text' })).toStrictEqual([
      Orphan,
      Contested,
      Served,
    ]);
    expect(unhandled([Orphan, Contested, Served], providers)).toStrictEqual([
      ['Orphan', 0],
      ['Contested', 2],
    ]);
  });
});

describe('what must happen', () => {
  /** Why: traps.md of the design. They lose events on a crash, swallow errors, or find handlers by string. */
  const forbidden = /\bAggregateRoot\b|\bEventBus\b|\bEventPublisher\b|\bEventsHandler\b|@Saga\b/;
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const self = fileURLToPath(import.meta.url);

  async function sources(folder: string): Promise<string[]> {
    const names = await readdir(join(root, folder), { recursive: true });
    return names
      .filter((name) => name.endsWith('.ts') && !name.split(sep).includes('node_modules'))
      .map((name) => join(root, folder, name));
  }

  it('never rides on an in-memory bus', async () => {
    const files = [...(await sources('libs')), ...(await sources('apps'))].filter((file) => file !== self);
    expect(files.length).toBeGreaterThan(100);
    const offenders: string[] = [];
    for (const file of files) if (forbidden.test(await readFile(file, 'utf8'))) offenders.push(file.slice(root.length));
    expect(offenders).toStrictEqual([]);
  });

  it.each([
    "import { AggregateRoot } from '@nestjs/cqrs';",
    'constructor(private readonly events: EventBus) {}',
    '@Saga()',
    '@EventsHandler(OptedIn)',
  ])('would be found riding on one: %s', (line) => {
    expect(line).toMatch(forbidden);
  });
});
