import { Problem } from '@consent-ledger/platform';
import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

const MEDIA_TYPES = Symbol('MediaTypes');

/** `any` is whatever the server can read: a recipient's opt-out is not refused for how it was encoded. */
type MediaType = 'application/json' | 'application/x-ndjson' | 'text/csv' | 'message/rfc822' | 'any';

const byDefault: readonly MediaType[] = ['application/json'];

/** The bodies that a route takes; JSON where a route does not say. */
export const Takes = (...types: readonly MediaType[]) => SetMetadata(MEDIA_TYPES, types);

/** Refuses a body that the route does not take before anything looks into it: a stream is not an object with fields. */
@Injectable()
export class MediaTypeGuard implements CanActivate {
  private readonly taken = new WeakMap<object, readonly string[]>();

  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { body, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (body === undefined) return true;
    const types = this.takenBy(context);
    if (types.includes('any') || types.includes(mediaTypeOf(headers['content-type']))) return true;
    throw new Problem('UNSUPPORTED_MEDIA_TYPE', `Send ${types.join(' or ')}.`);
  }

  private takenBy(context: ExecutionContext): readonly string[] {
    const handler = context.getHandler();
    let types = this.taken.get(handler);
    if (!types) {
      const said = this.reflector.getAllAndOverride<readonly MediaType[] | undefined>(MEDIA_TYPES, [
        handler,
        context.getClass(),
      ]);
      this.taken.set(handler, (types = said ?? byDefault));
    }
    return types;
  }
}

function mediaTypeOf(contentType = ''): string {
  const [type = ''] = contentType.split(';');
  return type.trim().toLowerCase();
}
