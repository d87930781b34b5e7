import { actorKindOf, type Actor } from '@consent-ledger/consent';
import type { Fact, Recorded } from '@consent-ledger/application';
import { CONTACT_IDS } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { InvalidAddress, normaliseAddress, type ContactIds } from '@consent-ledger/privacy';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ContactDto, FactDto } from './fact.dto.js';
import { parseInstant } from './instant.decorator.js';

/** Reads from a request whom and what it is about, and writes what was recorded as the answer. */
@Injectable()
export class Facts {
  constructor(@Inject(CONTACT_IDS) private readonly contactIds: ContactIds) {}

  /** The contact that a request names by address or by id. Throws the problem `VALIDATION`. */
  contactOf({ address, contactId }: ContactDto): { contactId: string; address?: string } {
    if ((address === undefined) === (contactId === undefined))
      throw validationProblem([{ field: 'address', message: 'give either address or contactId' }]);
    if (contactId !== undefined) return { contactId };
    return this.nameOf(address!);
  }

  /** The contact of an address, and the address in normal form. Throws the problem `VALIDATION`. */
  nameOf(address: string): { contactId: string; address: string } {
    const normal = readAddress(address);
    return { contactId: this.contactIds.of(normal), address: normal };
  }

  /** The fact that a request records. */
  of(dto: FactDto, request: FastifyRequest): Fact {
    const { source, occurredAt } = dto;
    const idempotencyKey = headerOf(request, 'idempotency-key');
    const expectedRevision = expectedRevisionOf(request);
    const instant = parseInstant(occurredAt);
    return {
      ...this.contactOf(dto),
      ...(instant !== undefined && { occurredAt: instant }),
      source,
      actor: actorOf(request, source.kind),
      correlationId: request.id,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(expectedRevision !== undefined && { expectedRevision }),
    };
  }
}

/** 201 with what was recorded, or 200 where nothing changed; the ETag is the revision of the contact. */
export function answerRecorded<R extends Recorded>(reply: FastifyReply, recorded: R): R {
  void reply.status(recorded.recorded.length > 0 ? 201 : 200);
  if (recorded.revision >= 0) void reply.header('ETag', `"${recorded.revision}"`);
  return recorded;
}

/** The address in normal form. Throws the problem `VALIDATION`. */
export function readAddress(address: string): string {
  try {
    return normaliseAddress(address);
  } catch (error) {
    if (!(error instanceof InvalidAddress)) throw error;
    throw validationProblem([{ field: 'address', message: error.message }]);
  }
}

/** The facts of an API key are recorded by that key; what it passes on is the act of whoever the source says. */
export function actorOf({ principal }: FastifyRequest, source: Fact['source']['kind']): Actor {
  return { kind: actorKindOf(source), ...(principal && { id: principal.keyId }) };
}

/** A header of which there may be one. Throws the problem `VALIDATION`. */
export function headerOf(request: FastifyRequest, name: 'idempotency-key' | 'if-match'): string | undefined {
  const value = request.headers[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value;
  throw validationProblem([{ field: name, message: 'must be one header of 1 to 255 characters' }]);
}

/** The revision that `If-Match` names. Throws the problem `VALIDATION`. */
export function expectedRevisionOf(request: FastifyRequest): number | undefined {
  const ifMatch = headerOf(request, 'if-match');
  if (ifMatch === undefined) return undefined;
  const [, revision] = /^"(\d{1,15})"$/.exec(ifMatch) ?? [];
  if (revision !== undefined) return Number(revision);
  throw validationProblem([{ field: 'if-match', message: 'must be an ETag that was answered before, such as "3"' }]);
}
