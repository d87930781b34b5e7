import { dkimRecord, type DkimKey } from '@consent-ledger/mail';
import type { TxtResolver } from '../surroundings.js';
import { doubtful, failed, passed, type MailFinding } from './finding.js';

/** What a name says in DNS, or that DNS could not be asked. */
type Answer = { readonly records: readonly string[] } | { readonly fault: string };

/** Whether the record of each key is published as it must be. */
export async function checkDkimRecords(keys: readonly DkimKey[], resolveTxt: TxtResolver): Promise<MailFinding[]> {
  return Promise.all(keys.map((key) => checkDkimRecord(key, resolveTxt)));
}

async function checkDkimRecord(key: DkimKey, resolveTxt: TxtResolver): Promise<MailFinding> {
  const check = `DKIM record ${key.selector}`;
  const { name, value } = dkimRecord(key);
  const advice = `Publish this TXT record:\n${name}\n${value}`;
  const answer = await ask(name, resolveTxt);
  if ('fault' in answer) return unasked(check, name, answer.fault);
  const [record, ...others] = answer.records;
  if (record === undefined) return failed(check, `There is no TXT record at ${name}.`, advice);
  if (others.length > 0)
    return failed(check, `There are ${answer.records.length} TXT records at ${name}; receivers may take any.`, advice);

  const tags = tagsOf(record);
  const published = tags.get('p')?.replace(/\s/g, '');
  if (published === '') return failed(check, `The record at ${name} says that the key is withdrawn.`, advice);
  if (published !== tagsOf(value).get('p') || (tags.get('k') ?? 'rsa') !== tagsOf(value).get('k'))
    return failed(check, `The record at ${name} is not that of the key in DKIM_KEY_PATH.`, advice);
  if (tags.get('t')?.split(':').includes('y'))
    return doubtful(
      check,
      `The record at ${name} says that the domain only tries DKIM out.`,
      'Take t=y out of it: receivers may ignore the signature.',
    );
  return passed(check, `${name} is that of the key.`);
}

/** Whether the domain that bounces go to says who may send for it (RFC 7208). */
export async function checkSpf(domain: string, resolveTxt: TxtResolver): Promise<MailFinding> {
  const answer = await ask(domain, resolveTxt);
  if ('fault' in answer) return unasked('SPF', domain, answer.fault);
  const records = answer.records.filter((record) => /^v=spf1( |$)/i.test(record));
  if (records.length === 0)
    return failed(
      'SPF',
      `There is no SPF record at ${domain}.`,
      `Publish a TXT record at ${domain} that names your mail server, such as "v=spf1 mx -all" or the include: that your provider gives you.`,
    );
  if (records.length > 1)
    return failed(
      'SPF',
      `There are ${records.length} SPF records at ${domain}; then none counts.`,
      'Make one of them.',
    );
  const terms = records[0]!.toLowerCase().split(/ +/).slice(1);
  if (terms.some((term) => /^\+?all$/.test(term)))
    return failed('SPF', `The SPF record at ${domain} lets everybody send.`, 'End it in -all or ~all.');
  if (terms.every((term) => /^[-~?]all$/.test(term)))
    return failed('SPF', `The SPF record at ${domain} lets nobody send.`, 'Name your mail server in it.');
  return passed('SPF', `${domain} says who may send: see that your mail server is among them.`);
}

/** Whether the domain of the sender has a DMARC record (RFC 7489) under which the signature counts. */
export async function checkDmarc(
  sender: string,
  signing: string | undefined,
  resolveTxt: TxtResolver,
): Promise<MailFinding> {
  const found = await findDmarc(sender, resolveTxt);
  if (found && 'fault' in found) return unasked('DMARC', found.name, found.fault);
  if (!found)
    return failed(
      'DMARC',
      `There is no DMARC record for ${sender}. Gmail and Yahoo want one of everybody who sends in bulk.`,
      `Publish a TXT record at _dmarc.${sender}; to begin with "v=DMARC1; p=none; rua=mailto:postmaster@${sender}".`,
    );
  const { name, record } = found;
  const tags = tagsOf(record);
  if (!/^(none|quarantine|reject)$/i.test(tags.get('p') ?? ''))
    return failed('DMARC', `The record at ${name} has no p=none, p=quarantine or p=reject.`, 'Give it one of them.');
  if (tags.get('adkim')?.toLowerCase() === 's' && signing !== undefined && signing !== sender)
    return failed(
      'DMARC',
      `The record at ${name} takes only signatures by ${sender} itself (adkim=s), and DKIM_DOMAIN is ${signing}.`,
      `Set DKIM_DOMAIN to ${sender}, or take adkim=s out of the record.`,
    );
  return passed('DMARC', `${name} asks for ${tags.get('p')!.toLowerCase()}.`);
}

type Dmarc = { readonly name: string; readonly record: string } | { readonly name: string; readonly fault: string };

/** The record of the domain itself, else that of the nearest domain above it. */
async function findDmarc(sender: string, resolveTxt: TxtResolver): Promise<Dmarc | undefined> {
  const labels = sender.split('.');
  for (let skipped = 0; labels.length - skipped >= 2; skipped += 1) {
    const name = `_dmarc.${labels.slice(skipped).join('.')}`;
    const answer = await ask(name, resolveTxt);
    if ('fault' in answer) return { name, fault: answer.fault };
    const record = answer.records.find((text) => /^v=DMARC1\s*(;|$)/.test(text));
    if (record !== undefined) return { name, record };
  }
  return undefined;
}

async function ask(name: string, resolveTxt: TxtResolver): Promise<Answer> {
  try {
    return { records: (await resolveTxt(name)).map((strings) => strings.join('')) };
  } catch (error) {
    const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { records: [] } : { fault: code };
  }
}

function unasked(check: string, name: string, fault: string): MailFinding {
  return doubtful(
    check,
    `DNS could not be asked for ${name} (${fault}).`,
    'Run this again from a machine that can ask DNS.',
  );
}

function tagsOf(record: string): ReadonlyMap<string, string> {
  const pairs = record.split(';').map((tag) => tag.split(/=(.*)/s).map((part) => part.trim()));
  return new Map(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]));
}
