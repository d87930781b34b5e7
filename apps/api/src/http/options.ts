import type { FastifyInstance } from 'fastify';

/** Answers `OPTIONS` on every route with the methods that it has (RFC 9110 §9.3.7). Call it before the routes are made. */
export function answerOptions(fastify: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method, config }) => {
    const methods = methodsOf.get(url);
    for (const name of [method].flat()) methods?.add(name);
    if (methods) return;
    const known = new Set(['OPTIONS', ...[method].flat()]);
    methodsOf.set(url, known);
    fastify.options(url, { ...(config && { config }) }, (_request, reply) => {
      void reply
        .status(204)
        .header('Allow', [...known].sort().join(', '))
        .send();
    });
  });
}
