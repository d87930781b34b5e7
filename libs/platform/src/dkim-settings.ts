import { domainToASCII } from 'node:url';

/** What mails are signed with: the domain that answers for them (`d=`), and a key file for each selector (`s=`). */
export interface DkimSettings {
  /** In A-labels. */
  readonly domain: string;
  readonly keys: readonly { readonly selector: string; readonly path: string }[];
}

/** The settings that are read here, as they stand in the environment. */
export interface DkimEnvironment {
  readonly DKIM_DOMAIN?: string;
  readonly DKIM_SELECTOR?: string;
  readonly DKIM_KEY_PATH?: string;
  readonly MAIL_FROM?: string;
}

const NAMES = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_KEY_PATH'] as const;
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;
const SELECTOR = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** The domain, selectors and key files of `DKIM_*`, selectors and files paired in order; `undefined` where nothing is signed. */
export function dkimSettings({ DKIM_DOMAIN, DKIM_SELECTOR, DKIM_KEY_PATH }: DkimEnvironment): DkimSettings | undefined {
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || DKIM_KEY_PATH === undefined) return undefined;
  const paths = listed(DKIM_KEY_PATH);
  const keys = listed(DKIM_SELECTOR).map((selector, index) => ({ selector, path: paths[index]! }));
  return { domain: domainToASCII(DKIM_DOMAIN), keys };
}

/** What is wrong with `DKIM_*`, in words; the key files themselves are not looked at. */
export function dkimFaults(environment: DkimEnvironment): string[] {
  const missing = NAMES.filter((name) => environment[name] === undefined);
  if (missing.length === NAMES.length) return [];
  if (missing.length > 0)
    return [
      `${missing.join(' and ')} must be given too: mails are signed with all of ${NAMES.join(', ')}, or not at all`,
    ];
  const { domain, keys } = dkimSettings(environment)!;
  const { MAIL_FROM, DKIM_KEY_PATH } = environment;
  return [
    ...(HOST_NAME.test(domain) ? [] : ['DKIM_DOMAIN must be a domain such as example.org']),
    ...(keys.every(({ selector }) => SELECTOR.test(selector))
      ? []
      : ['DKIM_SELECTOR must be a DNS label such as 2027a, or several with commas between']),
    ...(new Set(keys.map(({ selector }) => selector)).size === keys.length
      ? []
      : ['DKIM_SELECTOR must name each selector once: each has a key of its own']),
    ...(listed(DKIM_KEY_PATH!).length === keys.length
      ? []
      : ['DKIM_KEY_PATH must name as many files as DKIM_SELECTOR names selectors, in the same order']),
    ...(MAIL_FROM === undefined || isAligned(domain, domainOf(MAIL_FROM))
      ? []
      : [
          'DKIM_DOMAIN must be the domain of MAIL_FROM, one above it or one below it: else the signature does not count (DMARC)',
        ]),
  ];
}

/**
 * Whether a signature by `signing` counts for mail from `sender` (DMARC, relaxed): it is the same domain, or one is below
 * the other. Two domains beside each other are told apart here, though DMARC may join them.
 */
export function isAligned(signing: string, sender: string): boolean {
  return signing === sender || sender.endsWith(`.${signing}`) || signing.endsWith(`.${sender}`);
}

/** The domain of an address, in A-labels. */
export function domainOf(address: string): string {
  return domainToASCII(address.slice(address.lastIndexOf('@') + 1));
}

function listed(text: string): string[] {
  return text.split(',').map((one) => one.trim());
}
