import { applyDecorators, Header } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { documentHeaders } from '../http/safe-headers.js';

const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The headers of every recipient's page: nothing is kept, nothing is told to others, nothing runs. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  ...documentHeaders,
  'X-Robots-Tag': 'noindex',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': policy,
  Vary: 'Accept-Language',
};

/** What the server knows of a recipient's page before its handler runs. */
export interface PageConfig {
  readonly recipientPage: true;
  /** `forms` where a post may send a mail to whoever it names: one client may not post many. */
  readonly limit?: 'forms';
}

/**
 * Marks a route that answers a recipient with a page, also where the request never reaches its handler. Visits are limited
 * by client where no link is asked for, and damaged links; a post only where it says so: a valid link is never refused (P4).
 */
export function RecipientPage(options: Pick<PageConfig, 'limit'> = {}) {
  const config: PageConfig = { recipientPage: true, ...options };
  return applyDecorators(
    RouteConfig(config),
    ...Object.entries(pageHeaders).map(([name, value]) => Header(name, value)),
  );
}

/** Whether what is asked for is a recipient's page. */
export function isRecipientPage({ routeOptions }: FastifyRequest): boolean {
  return pageConfigOf(routeOptions.config) !== undefined;
}

const PATHS = /^\/(u|confirm|reconsent|preferences|subscribe)(?=[/?]|$)/;

/** Whether a path that leads nowhere was meant for a recipient's page: a mail program may break a link anywhere. */
export function isUnderRecipientPages({ url }: FastifyRequest): boolean {
  return PATHS.test(url);
}

/** What a route says of the recipient's page that it answers with; `undefined` for any other route. */
export function pageConfigOf(config: unknown): PageConfig | undefined {
  return (config as Partial<PageConfig> | undefined)?.recipientPage ? (config as PageConfig) : undefined;
}
