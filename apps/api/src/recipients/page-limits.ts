import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Limits } from '../http/limits.js';
import type { ProblemPage } from './problem-page.js';
import { pageConfigOf, pageHeaders } from './recipient-page.decorator.js';

/** What a page answers a link that is not authentic. One that has expired, or of which nothing is left, was no guess. */
const DAMAGED = 400;

/**
 * Limits the recipients' pages by client, as each route says. Visits are limited where anybody may come; of a link only
 * guesses are. Call it before the routes are made.
 */
export function limitPages(fastify: FastifyInstance, limits: Limits, problems: ProblemPage): void {
  fastify.addHook('onRoute', (route) => {
    const page = pageConfigOf(route.config);
    if (!page) return;
    const methods = [route.method].flat();
    const hasLink = route.url.includes('/:token');
    const group = methods.includes('POST') || hasLink ? page.limit : 'visits';
    if (group && !methods.includes('OPTIONS'))
      prepend(route, async (request, reply) => limits.require(group, request, reply));
    if (hasLink) limitGuesses(route, limits, problems);
  });
}

/** Before anything is read of the body. */
function prepend(route: RouteOptions, hook: (request: FastifyRequest, reply: FastifyReply) => Promise<void>): void {
  route.onRequest = [hook, ...[route.onRequest ?? []].flat()];
}

/** A link is looked at before it is counted: one that is valid is never refused, however many damaged ones came before it (P4). */
function limitGuesses(route: RouteOptions, limits: Limits, problems: ProblemPage): void {
  const guard = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    if (reply.statusCode !== DAMAGED) return payload;
    const standing = limits.count('guesses', request);
    if (!standing.exceeded) return payload;
    void reply.status(429).headers({ ...pageHeaders, ...standing.headers });
    return problems.render(request, 'tooMany');
  };
  route.onSend = [guard, ...[route.onSend ?? []].flat()];
}
