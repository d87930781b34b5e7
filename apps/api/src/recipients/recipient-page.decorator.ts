import { applyDecorators, Header } from '@nestjs/common';

const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The headers of every recipient's page: nothing is kept, nothing is told to others, nothing runs. */
export function RecipientPage() {
  return applyDecorators(
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header('Cache-Control', 'no-store'),
    Header('Referrer-Policy', 'no-referrer'),
    Header('X-Robots-Tag', 'noindex'),
    Header('X-Content-Type-Options', 'nosniff'),
    Header('Content-Security-Policy', policy),
    Header('Vary', 'Accept-Language'),
  );
}
