import type { FastifyRequest } from 'fastify';

/** How a visit gives away that no person made it. */
export type ScannerSign = 'head' | 'prefetch' | 'user-agent';

/** The headers by which browsers and mail programs say that they load a page before anybody asked for it. */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;
const PREFETCH = /\b(prefetch|prerender|preview)\b/i;

/** Filters of mail, previews of links, and programs that are no browser; nothing longer than this is looked at. */
const SCANNER =
  /bot\b|crawl|spider|scan|preview|headless|barracuda|proofpoint|mimecast|trend ?micro|symantec|messagelabs|fireeye|cloudmark|forcepoint|sophos|fortinet|safelinks|ms-office|imageproxy|mailproxy|externalhit|curl\/|wget\/|python|go-http-client|java\/|okhttp|libwww/i;
const LONGEST_USER_AGENT = 512;

/**
 * The sign by which a visit looks like that of a mail scanner or a prefetch; `undefined` for any other. It is for counting
 * alone: whoever looks like a person may be none, and the other way round, so no page answers by it.
 */
export function scannerSign({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): ScannerSign | undefined {
  if (method === 'HEAD') return 'head';
  if (method !== 'GET') return undefined;
  if (PREFETCH_HEADERS.some((name) => PREFETCH.test(String(headers[name] ?? '')))) return 'prefetch';
  const userAgent = headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? '';
  return userAgent === '' || SCANNER.test(userAgent) ? 'user-agent' : undefined;
}
