import { ApiKeys } from '@consent-ledger/application';
import { Problem, type Principal } from '@consent-ledger/platform';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { takeCorrelationId } from '../http/correlation-id.js';
import { Limits } from '../http/limits.js';
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
    private readonly limits: Limits,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.accessOf(context);
    if (access === 'open') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const principal = this.principalOf(request.headers.authorization, access);
    if (!principal) return this.refuse(request, reply, access);
    takeCorrelationId(request, reply);
    const wanted = scopesOf(access);
    if (wanted !== 'any' && !wanted.some((scope) => principal.scopes.has(scope)))
      throw new Problem('FORBIDDEN', `This API key lacks the scope ${quoted(wanted)}. Use a key that has it.`);
    request.principal = principal;
    return true;
  }

  /** A key that is right is never limited: behind a proxy that is not trusted, others would lock its owner out. */
  private refuse(request: FastifyRequest, reply: FastifyReply, access: Access | undefined): never {
    if (request.headers.authorization !== undefined) this.limits.require('keys', request, reply);
    // One challenge only: a browser that meets Bearer first does not ask for a password.
    const challenge = takesBasic(access) ? 'Basic realm="consent-ledger", charset="UTF-8"' : 'Bearer';
    void reply.header('WWW-Authenticate', challenge);
    throw new Problem('UNAUTHENTICATED', 'Send a valid API key: Authorization: Bearer <key>.');
  }

  private accessOf(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    if (this.access.has(handler)) return this.access.get(handler);
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, context.getClass()]);
    this.access.set(handler, access);
    return access;
  }

  private principalOf(authorization: string | undefined, access: Access | undefined): Principal | undefined {
    const key = keyIn(authorization, access);
    return key ? this.apiKeys.recognise(key) : undefined;
  }
}

/** A route that says nothing is shut: no key has one of no scopes. */
function scopesOf(access: Access | undefined): readonly string[] | 'any' {
  if (access === 'any-key') return 'any';
  if (typeof access !== 'object') return [];
  return 'inBrowser' in access ? access.inBrowser : access;
}

function quoted(scopes: readonly string[]): string {
  if (scopes.length === 0) return '"none"';
  return scopes.map((scope) => `"${scope}"`).join(' or ');
}

/** A browser sends Basic along by itself, also from another site's page: only what changes nothing takes it. */
function takesBasic(access: Access | undefined): boolean {
  return access === 'any-key' || (typeof access === 'object' && 'inBrowser' in access);
}

/** The key of a bearer token, or the password of Basic, by which a browser can open the documentation. */
function keyIn(authorization: string | undefined, access: Access | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (!scheme || !value) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  if (!takesBasic(access)) return undefined;
  const [, password] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  return password;
}
