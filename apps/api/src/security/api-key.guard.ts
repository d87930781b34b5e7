import { ApiKeys } from '@consent-ledger/application';
import { Problem, type Principal } from '@consent-ledger/platform';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS, type Access } from './scope.decorator.js';

declare module 'fastify' {
  interface FastifyRequest {
    principal?: Principal;
  }
}

/** Lets a request through when its API key has the scope that the route asks for. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly access = new WeakMap<object, Access | undefined>();

  constructor(
    private readonly apiKeys: ApiKeys,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.accessOf(context);
    if (access === 'open') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const principal = this.principalOf(request.headers.authorization);
    if (!principal) {
      void http.getResponse<FastifyReply>().header('WWW-Authenticate', 'Bearer, Basic realm="consent-ledger"');
      throw new Problem('UNAUTHENTICATED', 'Send a valid API key: Authorization: Bearer <key>.');
    }
    if (access !== 'any-key' && !(access && principal.scopes.has(access)))
      throw new Problem('FORBIDDEN', `This API key lacks the scope "${access ?? 'none'}". Use a key that has it.`);
    request.principal = principal;
    return true;
  }

  private accessOf(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    if (this.access.has(handler)) return this.access.get(handler);
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, context.getClass()]);
    this.access.set(handler, access);
    return access;
  }

  private principalOf(authorization: string | undefined): Principal | undefined {
    const key = keyIn(authorization);
    return key ? this.apiKeys.recognise(key) : undefined;
  }
}

/** The key of a bearer token, or the password of Basic, by which a browser can open the documentation. */
function keyIn(authorization: string | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (!scheme || !value) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const [, password] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  return password;
}
