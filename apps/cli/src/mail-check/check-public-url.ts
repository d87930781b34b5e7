import type { Configuration } from '@consent-ledger/platform';
import { doubtful, failed, passed, type MailFinding } from './finding.js';

const PATIENCE = 10_000;
const PATH = 'u/ledger-mail-check';

/**
 * Whether recipients reach the service where links in mails lead, with a link that is no link: a visit and one click. Either
 * must come to the service as it is (RFC 8058 §3.2), which answers that the link is damaged.
 */
export async function checkPublicUrl({ PUBLIC_URL }: Configuration): Promise<MailFinding[]> {
  if (!PUBLIC_URL)
    return [
      failed(
        'PUBLIC_URL',
        'It is not set: links in mails lead to this machine, where no recipient comes.',
        'Set PUBLIC_URL to the https:// address under which your proxy serves the service.',
      ),
    ];
  const scheme = PUBLIC_URL.startsWith('https:')
    ? passed('PUBLIC_URL', `${PUBLIC_URL} is https.`)
    : failed('PUBLIC_URL', `${PUBLIC_URL} is not https: providers show no button for it.`, 'Serve it over https.');
  const url = `${PUBLIC_URL.replace(/\/$/, '')}/${PATH}`;
  return [
    scheme,
    await visit('GET /u/…', url),
    await visit('POST /u/…', url, new URLSearchParams({ 'List-Unsubscribe': 'One-Click' })),
  ];
}

async function visit(check: string, url: string, form?: URLSearchParams): Promise<MailFinding> {
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    const reply = await fetch(url, { redirect: 'manual', signal, ...(form && { method: 'POST', body: form }) });
    await reply.body?.cancel();
    return findingOn(check, reply);
  } catch (error) {
    const { code = (error as Error).name } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    return failed(
      check,
      `It cannot be reached (${code}).`,
      'See that DNS, the certificate and the proxy lead there from the internet.',
    );
  }
}

function findingOn(check: string, { status, headers }: Response): MailFinding {
  const isOurs = headers.get('referrer-policy') === 'no-referrer' && headers.get('cache-control') === 'no-store';
  if (status === 400 && isOurs && !headers.has('set-cookie')) return passed(check, 'It comes to the service.');
  if (status === 429 || status === 503)
    return doubtful(check, `It is answered with ${status}: too many visits, or too busy.`, 'Try again in a minute.');
  const advice =
    'The proxy must pass /u/… on to the service as it is: no log-in, no redirect, no cookie, no challenge.';
  if (status >= 300 && status < 400) return failed(check, `It is redirected (${status}).`, advice);
  if (headers.has('set-cookie')) return failed(check, 'Something on the way sets a cookie.', advice);
  return failed(check, `It is answered with ${status}, and not by the service.`, advice);
}
