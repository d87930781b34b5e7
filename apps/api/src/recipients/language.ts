import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

export type Language = 'nl' | 'en';

/** The language of a page: the switch on it, else what the browser prefers (`Accept-Language`), else Dutch. */
export function languageOf({ headers, query }: Pick<FastifyRequest, 'headers' | 'query'>): Language {
  const chosen = (query as { readonly lang?: unknown } | null)?.lang;
  if (chosen === 'nl' || chosen === 'en') return chosen;
  return preferred(headers['accept-language'] ?? '') ?? 'nl';
}

/** The language that a page is to be shown in. */
export const PageLanguage = createParamDecorator((_: unknown, context: ExecutionContext): Language =>
  languageOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

function preferred(header: string): Language | undefined {
  const wishes = header.split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const quality = parameters.map((text) => /^\s*q=([\d.]+)$/.exec(text)?.[1]).find((value) => value !== undefined);
    return { language: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
  });
  const known = wishes.filter(({ language, quality }) => (language === 'nl' || language === 'en') && quality > 0);
  return known.sort((a, b) => b.quality - a.quality)[0]?.language as Language | undefined;
}
