import {
  createDkimSigner,
  createSmtpTransport,
  loadDkimKeys,
  loadTemplates,
  MessageRefused,
  type DkimKey,
} from '@consent-ledger/mail';
import {
  ConfigurationError,
  dkimSettings,
  domainOf,
  isAligned,
  readConfiguration,
  type Configuration,
} from '@consent-ledger/platform';
import type { Surroundings } from '../surroundings.js';
import { checkDkimRecords, checkDmarc, checkSpf } from './check-dns.js';
import { checkPublicUrl } from './check-public-url.js';
import { checkSamples } from './check-samples.js';
import { checkTransport } from './check-transport.js';
import { doubtful, failed, passed, type MailFinding } from './finding.js';
import { composeSample, type SampleOptions } from './samples.js';
import { senderPolicy } from './sender.js';

const SET_RIGHT = 'Set it right in the environment of the service.';

/** Tries out all that mail needs to be taken by the big providers; a finding comes as soon as it is known. */
export async function* checkMail(to: string | undefined, surroundings: Surroundings): AsyncGenerator<MailFinding> {
  const settings = await readSettings(surroundings);
  if ('faults' in settings) return yield* settings.faults;
  const { configuration, keys } = settings;
  yield passed('settings', 'They are in order.');
  yield await checkTransport(configuration);
  yield* await checkPublicUrl(configuration);

  const samples = await readSamples(settings, to, surroundings);
  if ('check' in samples) {
    yield samples;
    return;
  }
  yield* await checkDomains(configuration, keys, samples.from, surroundings);
  yield* await checkSamples(samples, keys);
  if (to !== undefined) yield await sendSample(configuration, samples);
}

interface Settings {
  readonly configuration: Configuration;
  readonly keys: readonly DkimKey[];
}

async function readSettings({ environment }: Surroundings): Promise<Settings | { readonly faults: MailFinding[] }> {
  try {
    const configuration = readConfiguration(environment);
    const dkim = dkimSettings(configuration);
    return { configuration, keys: dkim ? await loadDkimKeys(dkim) : [] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { faults: error.faults.map((fault) => failed('settings', `${fault}.`, SET_RIGHT)) };
  }
}

/** What samples are made of, or why none can be made: the policy or the templates do not read. */
async function readSamples(
  settings: Settings,
  to: string | undefined,
  surroundings: Surroundings,
): Promise<SampleOptions | MailFinding> {
  const check = 'policy and templates';
  const advice = 'Look at POLICY_PATH and TEMPLATES_DIR.';
  try {
    const options = await sampleOptions(settings, to, surroundings);
    const { names, standIns } = options.templates;
    const hasOwn = names.some((name) => !standIns.includes(name));
    return hasOwn ? options : failed(check, 'There is no template to make a mailing of.', advice);
  } catch (error) {
    // An error with a code was foreseen, and says itself what is wrong.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return failed(check, message, advice);
  }
}

async function sampleOptions(
  { configuration, keys }: Settings,
  to: string | undefined,
  { clock }: Surroundings,
): Promise<SampleOptions> {
  const { MAIL_FROM, MAIL_UNSUBSCRIBE, TEMPLATES_DIR, PUBLIC_URL, PORT } = configuration;
  const now = clock.now();
  const document = await senderPolicy(configuration, now);
  const from = MAIL_FROM ?? document.controller.email;
  return {
    templates: await loadTemplates(TEMPLATES_DIR),
    document,
    publicUrl: (PUBLIC_URL ?? `http://127.0.0.1:${PORT}`).replace(/\/$/, ''),
    from,
    unsubscribeBy: MAIL_UNSUBSCRIBE ?? document.controller.email,
    to: to ?? from,
    now,
    sign: keys.length > 0 ? createDkimSigner(keys) : undefined,
  };
}

async function checkDomains(
  { DKIM_DOMAIN, MAIL_BOUNCES }: Configuration,
  keys: readonly DkimKey[],
  from: string,
  { resolveTxt }: Surroundings,
): Promise<MailFinding[]> {
  const signing = keys[0]?.domain;
  const sender = domainOf(from);
  const others = [
    await checkSpf(domainOf(MAIL_BOUNCES ?? from), resolveTxt),
    await checkDmarc(sender, signing, resolveTxt),
  ];
  if (signing === undefined)
    return [
      doubtful(
        'DKIM',
        'Mails are not signed here.',
        'Set DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_PATH, or have your mail server sign, over List-Unsubscribe and List-Unsubscribe-Post too.',
      ),
      ...others,
    ];
  const alignment = isAligned(signing, sender)
    ? passed('DKIM domain', `${signing} answers for mail from ${sender}.`)
    : failed(
        'DKIM domain',
        `DKIM_DOMAIN is ${DKIM_DOMAIN}, and mails are from ${sender}: the signature does not count.`,
        `Set DKIM_DOMAIN to ${sender}, or MAIL_FROM to an address of ${signing}.`,
      );
  return [alignment, ...(await checkDkimRecords(keys, resolveTxt)), ...others];
}

/** Hands a commercial sample over to the mail server of the settings. */
async function sendSample({ SMTP_URL }: Configuration, options: SampleOptions): Promise<MailFinding> {
  const check = 'sample';
  if (!SMTP_URL) return failed(check, 'It was not sent: there is no mail server.', 'Set SMTP_URL.');
  const { templates } = options;
  const template = templates.names.find((name) => templates.kind(name) === 'commercial') ?? templates.names[0]!;
  const transport = createSmtpTransport({ url: SMTP_URL, maxConnections: 1 });
  try {
    const { deliveryId, message } = await composeSample(template, templates.languages(template)[0]!, options);
    const outcome = await transport.send({ deliveryId, ...message });
    if (outcome.status === 'sent')
      return passed(
        check,
        `The mail server took it as ${message.messageId}; look at it where it arrives. Its links lead nowhere.`,
      );
    return failed(
      check,
      `The mail server did not take it: ${outcome.status} (${outcome.code ?? 'no code'}).`,
      'Look in the log of the mail server for the reason.',
    );
  } catch (error) {
    if (!(error instanceof MessageRefused)) throw error;
    return failed(check, `It cannot be made: ${error.message}`, 'Mend the template or the setting that is named.');
  } finally {
    await transport.close();
  }
}
