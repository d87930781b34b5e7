import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

interface Receiving {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly since: number;
}

/**
 * Breaks off the connection of a request that has not come in whole in time. One whose type is streamed may take as long as
 * it likes until it is answered: an import is as slow as its sender.
 */
export function breakOffSlowRequests(
  fastify: FastifyInstance,
  {
    afterMs,
    everyMs,
    streamed,
  }: { readonly afterMs: number; readonly everyMs: number; readonly streamed: readonly string[] },
): void {
  const receiving = new Map<FastifyRequest, Receiving>();
  const isStream = ({ headers }: FastifyRequest) => streamed.some((type) => headers['content-type']?.startsWith(type));

  function sweep(): void {
    const late = performance.now() - afterMs;
    for (const { request, reply, since } of receiving.values()) {
      if (since > late) return;
      if (request.raw.complete || request.raw.destroyed) receiving.delete(request);
      else if (reply.raw.writableEnded || !isStream(request)) request.raw.destroy();
    }
  }

  const timer = setInterval(sweep, everyMs).unref();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'GET' && !request.raw.complete)
      receiving.set(request, { request, reply, since: performance.now() });
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    if (request.raw.complete) receiving.delete(request);
    done();
  });
  fastify.addHook('onClose', (_fastify, done) => {
    clearInterval(timer);
    done();
  });
}
