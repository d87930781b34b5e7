import { dkimRecord, MessageRefused, type DkimKey } from '@consent-ledger/mail';
import { authenticate } from 'mailauth';
import { simpleParser, type ParsedMail } from 'mailparser';
import { doubtful, failed, passed, type MailFinding } from './finding.js';
import { composeSample, type Sample, type SampleOptions } from './samples.js';
import { receive } from './sink.js';

/** Gmail cuts a message off after some 102 KB of HTML, and with it the way out at its end. */
const CLIPPED_AT = 102_000;
const LONGEST_LINE = 998;

/** What every signature has to cover; the last two make the button (RFC 8058 §4). */
const COVERED = ['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type'];
const COVERED_OF_LISTS = ['list-id', 'list-unsubscribe', 'list-unsubscribe-post'];

/** Composes each template in each language, has it received over SMTP, and judges what came as a provider does. */
export async function checkSamples(options: SampleOptions, keys: readonly DkimKey[]): Promise<MailFinding[]> {
  const findings: MailFinding[] = [];
  const samples: Sample[] = [];
  for (const template of options.templates.names)
    for (const language of options.templates.languages(template)) {
      try {
        samples.push(await composeSample(template, language, options));
      } catch (error) {
        if (!(error instanceof MessageRefused)) throw error;
        findings.push(
          failed(
            nameOf({ template, language }),
            `It cannot be made: ${error.message}`,
            'Mend the template or the setting that is named.',
          ),
        );
      }
    }
  const received = await receive(samples);
  for (const sample of samples) findings.push(await judge(sample, received.get(sample), options.publicUrl, keys));
  return findings;
}

function nameOf({ template, language }: Pick<Sample, 'template' | 'language'>): string {
  return `${template} (${language})`;
}

async function judge(
  sample: Sample,
  raw: Buffer | undefined,
  publicUrl: string,
  keys: readonly DkimKey[],
): Promise<MailFinding> {
  const check = nameOf(sample);
  if (!raw)
    return failed(
      check,
      'A mail server in this process did not take it.',
      'Run this with LOG_LEVEL=debug, and report it.',
    );
  const mail = await simpleParser(raw);
  const faults = [
    ...formFaults(mail, raw),
    ...listFaults(mail, sample, publicUrl),
    ...(await signatureFaults(raw, sample, keys)),
  ];
  if (faults.length > 0)
    return failed(
      check,
      faults.join(' '),
      'Look at TEMPLATES_DIR, PUBLIC_URL and DKIM_*: what is sent would be judged so.',
    );
  if (Buffer.byteLength(mail.html || '') > CLIPPED_AT)
    return doubtful(
      check,
      `Its HTML is larger than ${CLIPPED_AT / 1000} KB; Gmail cuts off the end, where the way out is.`,
      'Make the template shorter.',
    );
  const signed =
    keys.length > 0 ? `signed by ${keys.map(({ selector }) => selector).join(' and ')}` : 'not signed here';
  return passed(check, `${signed}, ${Math.ceil(raw.length / 1000)} KB.`);
}

function formFaults(mail: ParsedMail, raw: Buffer): string[] {
  const lines = raw.toString('latin1').split('\r\n');
  return [
    ...(lines.some((line) => line.length > LONGEST_LINE) ? [`A line is longer than ${LONGEST_LINE} characters.`] : []),
    ...(lines.some((line) => /[\r\n]/.test(line)) ? ['A line does not end in CRLF.'] : []),
    ...((mail.text ?? '').trim() === '' ? ['It has no plain text.'] : []),
    ...(mail.html ? [] : ['It has no HTML.']),
    ...(mail.messageId && mail.date && mail.from ? [] : ['It lacks Message-ID, Date or From.']),
  ];
}

/** RFC 8058: commercial mail bears the button's headers, and no other mail does (P1). */
function listFaults(mail: ParsedMail, { isCommercial }: Sample, publicUrl: string): string[] {
  const header = (name: string) =>
    mail.headerLines
      .find(({ key }) => key === name)
      ?.line.replace(/\r\n/g, '')
      .replace(/^[^:]+:\s*/, '');
  const present = COVERED_OF_LISTS.filter((name) => header(name) !== undefined);
  if (!isCommercial) return present.length === 0 ? [] : ['It is service mail, and bears headers of a list.'];
  return [
    ...(present.length === COVERED_OF_LISTS.length ? [] : ['It lacks a List- header.']),
    ...(header('list-unsubscribe')?.includes(`<${publicUrl}/u/`)
      ? []
      : ['Its List-Unsubscribe does not lead to PUBLIC_URL.']),
    ...(header('list-unsubscribe-post') === 'List-Unsubscribe=One-Click'
      ? []
      : ['Its List-Unsubscribe-Post is not "List-Unsubscribe=One-Click".']),
  ];
}

/** The signatures, judged by the records that are to be published; DNS is judged by itself. */
async function signatureFaults(raw: Buffer, { isCommercial }: Sample, keys: readonly DkimKey[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const records = new Map(keys.map(dkimRecord).map(({ name, value }) => [name, value]));
  const resolver = async (name: string) => {
    const value = records.get(name);
    if (value === undefined) throw Object.assign(new Error('There is no such name.'), { code: 'ENOTFOUND' });
    return [[value]];
  };
  const { dkim } = await authenticate(raw, {
    resolver,
    strict: true,
    disableArc: true,
    disableDmarc: true,
    disableBimi: true,
  });
  const wanted = [...COVERED, ...(isCommercial ? COVERED_OF_LISTS : [])];
  return keys.flatMap(({ selector }) => {
    const result = dkim.results.find((one) => one.selector === selector);
    if (result?.status.result !== 'pass')
      return [`Its signature by ${selector} does not hold (${result?.status.comment ?? 'none'}).`];
    if (!result.status.aligned) return [`Its signature by ${selector} is not of the domain that it is from.`];
    const covered = new Set(result.signingHeaders?.keys.toLowerCase().split(/:\s*/));
    const missing = wanted.filter((name) => !covered.has(name));
    return missing.length === 0 ? [] : [`Its signature by ${selector} does not cover ${missing.join(', ')}.`];
  });
}
