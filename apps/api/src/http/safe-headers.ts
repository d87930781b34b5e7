const A_YEAR = 365 * 24 * 60 * 60;

/**
 * What every answer says, unless its route says otherwise: it is what its type says and nothing more, it runs nothing, it
 * stands in no other page, and nobody keeps it. Where recipients reach the service over HTTPS, they never do otherwise again.
 */
export function safeHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    ...(publicUrl.startsWith('https:') && { 'Strict-Transport-Security': `max-age=${A_YEAR}` }),
  };
}

/** What a page that a browser shows says besides: it tells no other site anything, and shares nothing with one. */
export const documentHeaders = {
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};
