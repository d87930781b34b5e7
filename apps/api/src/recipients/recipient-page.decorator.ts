import { applyDecorators, Header } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

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
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': policy,
  Vary: 'Accept-Language',
};

const PAGE = { recipientPage: true };

/** Marks a route that answers a recipient with a page, also where the request never reaches its handler. */
export function RecipientPage() {
  return applyDecorators(RouteConfig(PAGE), ...Object.entries(pageHeaders).map(([name, value]) => Header(name, value)));
}

/** Whether what is asked for is a recipient's page. */
export function isRecipientPage({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as Partial<typeof PAGE>).recipientPage === true;
}
