import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

const MIB = 1024 * 1024;

/** One fact, one question, one form. */
export const LARGEST_BODY = 64 * 1024;

/** A document of some hundred kilobytes: a policy, a template. */
export const LARGEST_DOCUMENT = MIB;

/** Ten thousand addresses of the greatest length fit. */
export const LARGEST_BATCH = 4 * MIB;

interface BodyConfig {
  readonly largestBody: number;
}

/** The greatest body of a route, in bytes, where `LARGEST_BODY` is too little. A stream is bounded by its lines instead. */
export const LargestBody = (largestBody: number) => RouteConfig({ largestBody } satisfies BodyConfig);

/** Bounds the body of each route by what it says. Call it before the routes are made. */
export function boundBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    const { largestBody } = (route.config ?? {}) as Partial<BodyConfig>;
    if (largestBody !== undefined) route.bodyLimit = largestBody;
  });
}
