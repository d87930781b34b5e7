import { UnsubscribeCommand } from '@consent-ledger/application';
import { createLinks, type ClaimsOf, type MailedKind } from '@consent-ledger/links';
import { Problem, silentLogger } from '@consent-ledger/platform';
import { compilePolicy } from '@consent-ledger/consent';
import { createDrivenClock, createGrowingShelf, shippedPolicy } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import type { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { plainBranding } from '../branding/branding.js';
import { Assets } from './assets.js';
import { ConfirmController } from './confirm.controller.js';
import { OptOutUndo } from './opt-out-undo.js';
import { Pages } from './pages.js';
import { texts } from './texts.js';
import { ProblemPage } from './problem-page.js';
import { RecipientLinks } from './recipient-links.js';
import { ReconsentController } from './reconsent.controller.js';

const clock = createDrivenClock('2024-02-01T11:00:00.000Z');
const policies = createGrowingShelf();
const pages = new Pages(policies, clock, 'https://example.org', plainBranding, new Assets(plainBranding));
const links = createLinks({ keys: [{ id: 'k', secret: Buffer.alloc(32, 1) }], publicUrl: 'https://example.org' });
const conflict = new Problem('CONFLICT', 'Others keep writing to this contact. Send the request again.');
const contactId = 'mfrggzdfmztwq2lknnwg23tpoa';

const commands = { execute: () => Promise.reject(conflict) } as unknown as CommandBus;
const question = {
  purposes: [{ purpose: 'newsletter', standing: 'open', endsAt: clock.now() + 1 }],
  policy: compilePolicy(shippedPolicy),
};
const queries = { execute: () => Promise.resolve(question) } as unknown as QueryBus;
const [asked] = question.purposes;
const twoPurposes = { ...question, purposes: [asked, { ...asked, purpose: 'event-invitation' }] };
const twoQuestions = { execute: () => Promise.resolve(twoPurposes) } as unknown as QueryBus;
const renewal = { statement: 'reconsent', version: '1', language: 'nl' };
const undo = new OptOutUndo(commands, pages, policies, links, clock);
const shown = new RecipientLinks(links, clock);

const request = {
  id: 'a-request',
  method: 'POST',
  headers: { 'accept-language': 'en' },
  socket: { remoteAddress: '127.0.0.1' },
  query: {},
  routeOptions: { url: '/u/:token' },
} as unknown as FastifyRequest;

function recordedReply() {
  const told: { status?: number; headers: Record<string, unknown>; body?: string } = { headers: {} };
  const reply = {
    status: (status: number) => ((told.status = status), reply),
    header: (name: string, value: unknown) => ((told.headers[name] = value), reply),
    headers: (all: object) => (Object.assign(told.headers, all), reply),
    send: (body: string) => ((told.body = body), reply),
  };
  return { told, reply: reply as unknown as FastifyReply };
}

const tokenFor = async (claims: ClaimsOf<MailedKind>) =>
  new URL(await links.urlFor(claims)).pathname.split('/').at(-1)!;

describe('an act on a page while others keep writing to the contact', () => {
  it('is answered with "try again", for a person and for one click, and not with "damaged" (P4)', () => {
    const { told, reply } = recordedReply();
    new ProblemPage(pages, silentLogger).send(request, reply, conflict.status, conflict);
    expect([told.status, Number(told.headers['Retry-After']) > 0]).toStrictEqual([503, true]);
    expect(told.body).toContain(`<h1>${texts.en.busy.title}</h1>`);
    expect(told.body).toContain('<a class="button" href="?lang=en">Try again</a>');
  });

  it('is not told to have come too late when it is a confirmation', async () => {
    const controller = new ConfirmController(commands, queries, pages, shown, policies, 'https://example.org', clock);
    const token = await tokenFor({ kind: 'confirm', contactId, requestId: 'a-request' });
    await expect(controller.confirm(token, 'en', request, recordedReply().reply)).rejects.toBe(conflict);
  });

  it('is not told to be about a text that changed when it is a yes (P5)', async () => {
    const controller = new ReconsentController(commands, queries, pages, shown, undo, policies);
    const token = await tokenFor({ kind: 'reconsent', contactId, promptId: 'a-prompt' });
    const form = { 'answer.newsletter': 'yes', ...renewal };
    await expect(controller.answer(token, form, 'en', request, recordedReply().reply)).rejects.toBe(conflict);
  });

  it('nor is any other refusal that no new text would end', async () => {
    const held = new Problem('LEGAL_HOLD', 'The data is held.');
    const refusing = { execute: () => Promise.reject(held) } as unknown as CommandBus;
    const controller = new ReconsentController(refusing, queries, pages, shown, undo, policies);
    const token = await tokenFor({ kind: 'reconsent', contactId, promptId: 'a-prompt' });
    const form = { 'answer.newsletter': 'yes', ...renewal };
    await expect(controller.answer(token, form, 'en', request, recordedReply().reply)).rejects.toBe(held);
  });

  it('is told to have stopped what it stopped, where only the yes beside it could not be recorded (P4, P5)', async () => {
    const stopping = {
      execute: (command: unknown) =>
        command instanceof UnsubscribeCommand ? Promise.resolve({ contactId, recorded: [] }) : Promise.reject(conflict),
    } as unknown as CommandBus;
    const controller = new ReconsentController(stopping, twoQuestions, pages, shown, undo, policies);
    const token = await tokenFor({ kind: 'reconsent', contactId, promptId: 'a-prompt' });
    const form = { 'answer.newsletter': 'yes', 'answer.event-invitation': 'no', ...renewal };
    const { told, reply } = recordedReply();
    const error: unknown = await controller.answer(token, form, 'en', request, reply).catch((fault: unknown) => fault);
    new ProblemPage(pages, silentLogger).send(request, reply, 500, error);
    expect(told.status).toBe(503);
    expect(told.body).toContain(texts.en.partlySaved.intro);
    expect(told.body).not.toContain(texts.en.busy.intro);
  });
});

describe('a page that a fault keeps from being shown', () => {
  it.each(['GET', 'HEAD'])('says no more than that, and nothing of a choice that nobody made by %s', (method) => {
    const { told, reply } = recordedReply();
    new ProblemPage(pages, silentLogger).send({ ...request, method }, reply, 500, new Error('away'));
    expect([told.status, Number(told.headers['Retry-After']) > 0]).toStrictEqual([503, true]);
    expect(told.body).toContain(texts.en.unavailable.intro);
    expect(told.body).not.toContain('choice');
  });
});
