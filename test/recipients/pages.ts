import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLinks, type ClaimsOf, type MailedKind } from '@consent-ledger/links';
import type { Reply, TestService } from '../support/service.js';
import { mailTo, optIn, startMailing } from '../mail/steps.js';

/** A form as a browser sees it: what each of its buttons would send. */
interface Form {
  readonly hidden: Readonly<Record<string, string>>;
  readonly buttons: readonly { readonly label: string; readonly name?: string; readonly value: string }[];
}

/** A page as a person without JavaScript has it before them. */
export interface Page extends Reply {
  /** The path, with its query, that a form without an action posts to. */
  readonly path: string;
  readonly language: string | undefined;
  readonly heading: string | undefined;
  readonly forms: readonly Form[];
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export async function visit(service: TestService, path: string, acceptLanguage = 'nl'): Promise<Page> {
  const reply = await service.get(path, { key: null, headers: { 'Accept-Language': acceptLanguage } });
  return pageOf(path, reply);
}

/** Presses the button with this label, and sends what its form holds, and what was chosen in it, to where the page was. */
export async function press(
  service: TestService,
  page: Page,
  label: string,
  chosen: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const form = page.forms.find(({ buttons }) => buttons.some((button) => button.label === label));
  if (!form) throw new Error(`The page has no button "${label}":\n${page.text}`);
  const { name, value } = form.buttons.find((button) => button.label === label)!;
  return send(service, page.path, { ...form.hidden, ...chosen, ...(name !== undefined && { [name]: value }) });
}

/** Posts the fields as a form does. */
export async function send(
  service: TestService,
  path: string,
  fields: Readonly<Record<string, string>>,
  acceptLanguage = 'nl',
): Promise<Page> {
  const headers = { ...FORM, 'Accept-Language': acceptLanguage };
  const raw = new URLSearchParams(fields).toString();
  return pageOf(path, await service.request('POST', path, { key: null, raw, headers }));
}

/** Gives consent, sends a mailing, and answers the path of the unsubscribe link that came with it. */
export async function linkFromMail(
  service: TestService,
  address: string,
  purposes: readonly string[] = ['newsletter', 'event-invitation'],
): Promise<string> {
  await optIn(service, address, [...purposes]);
  return linkFromMailing(service, address);
}

/** Sends a newsletter to someone who may get it, and answers the path of the unsubscribe link in it. */
export async function linkFromMailing(service: TestService, address: string): Promise<string> {
  await startMailing(service, { recipients: [{ address }] });
  return pathIn((await mailTo(service, address)).text);
}

/** Asks for a double opt-in, and answers the path of the link in the mail that asks to confirm it. */
export async function confirmationFromMail(service: TestService, address: string): Promise<string> {
  const { status } = await service.post('/v1/opt-ins', {
    address,
    purposes: ['newsletter'],
    statement: { id: 'signup-form', version: 1, language: 'nl' },
    source: { kind: 'web-form' },
    confirmation: 'double',
  });
  if (status !== 201) throw new Error(`The opt-in was answered with ${status}.`);
  return pathIn((await mailTo(service, address)).text);
}

/** The path of a link as the service signs it, for what no mail was sent about. */
export async function signedPath(
  service: Pick<TestService, 'directory' | 'url'>,
  claims: ClaimsOf<MailedKind>,
): Promise<string> {
  const { linkKeys } = JSON.parse(await readFile(join(service.directory, 'secrets.json'), 'utf8'));
  const keys = linkKeys.map(({ id, secret }: Record<'id' | 'secret', string>) => ({
    id,
    secret: Buffer.from(secret, 'base64'),
  }));
  return new URL(await createLinks({ keys, publicUrl: service.url }).urlFor(claims)).pathname;
}

/** The path of the first of the service's links in a mail's text, or of the first to one of its pages. */
export function pathIn(text: string | undefined, page = 'u|confirm'): string {
  const [url] = new RegExp(`https?://\\S+/(${page})/[\\w.-]+`).exec(text ?? '') ?? [];
  if (url === undefined) throw new Error('The mail holds no link.');
  return new URL(url).pathname;
}

function pageOf(path: string, reply: Reply): Page {
  const forms = [...reply.text.matchAll(/<form method="post"[^>]*>([^]*?)<\/form>/g)].map(([, inside]) =>
    formOf(inside!),
  );
  const text = (pattern: RegExp) => pattern.exec(reply.text)?.[1];
  return { ...reply, path, language: text(/<html lang="(\w+)"/), heading: text(/<h1>([^<]+)/), forms };
}

function formOf(inside: string): Form {
  const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  const inputs = [...inside.matchAll(/<input type="hidden"[^>]*>/g)].map(([tag]) => tag);
  const buttons = [...inside.matchAll(/<button([^>]*)>([^<]*)<\/button>/g)];
  return {
    hidden: Object.fromEntries(inputs.map((tag) => [attribute(tag, 'name')!, attribute(tag, 'value')!])),
    buttons: buttons.map(([, tag, label]) => {
      const name = attribute(tag!, 'name');
      return { label: label!, value: attribute(tag!, 'value') ?? '', ...(name !== undefined && { name }) };
    }),
  };
}

/** The path of the style sheet that the pages load; its name tells its content. */
export async function styleSheetOf(service: TestService): Promise<string> {
  const { text } = await visit(service, '/subscribe');
  return /<link rel="stylesheet" href="([^"]+)"/.exec(text)![1]!;
}
