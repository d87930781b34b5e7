import {
  ImportContacts,
  ImportRepository,
  TakeBackImport,
  type ImportOrigin,
  type ImportRecord,
  type ImportReport,
  type TakenBackReport,
} from '@consent-ledger/application';
import { deterministicId, Problem } from '@consent-ledger/platform';
import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { actorOf, headerOf } from '../http/facts.js';
import { Takes } from '../http/media-type.guard.js';
import { RequireScope } from '../security/scope.decorator.js';
import { readImportQuery } from './import-query.js';

/** Contacts from other systems, in bulk: reports of opt-ins, and whatever stops mail (P3, P4). */
@Controller('v1/imports')
@RequireScope('import')
export class ImportsController {
  constructor(
    private readonly importContacts: ImportContacts,
    private readonly takeBackImport: TakeBackImport,
    private readonly imports: ImportRepository,
  ) {}

  @Post()
  @HttpCode(200)
  @Takes('text/csv')
  async import(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest): Promise<ImportReport> {
    const { body } = request;
    if (!(body instanceof Readable)) throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the rows as text/csv.');
    const rows = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
    try {
      const { request: wanted, dryRun } = readImportQuery(query);
      const named = { ...wanted, ...importIdOf(request) };
      return dryRun
        ? await this.importContacts.dryRun(rows, named, originOf(request))
        : await this.importContacts.run(rows, named, originOf(request));
    } finally {
      // What was not read is passed over: a connection that is broken off here would take the answer along.
      void rows.return?.().then(() => body.resume());
    }
  }

  @Get(':id')
  async show(@Param('id') importId: string): Promise<ImportRecord> {
    return (await this.imports.find(requireImportId(importId))).record;
  }

  @Post(':id/take-back')
  @HttpCode(200)
  takeBack(@Param('id') importId: string, @Req() request: FastifyRequest): Promise<TakenBackReport> {
    return this.takeBackImport.run(requireImportId(importId), originOf(request));
  }
}

/** Whatever is no UUID names no import, and is not looked for in the log. */
function requireImportId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new Problem('NOT_FOUND', 'There is no import with this id.');
}

/** The same `Idempotency-Key` of the same caller is the same import, so that all of it is taken back at once. */
function importIdOf(request: FastifyRequest): { readonly importId?: string } {
  const key = headerOf(request, 'idempotency-key');
  return key === undefined ? {} : { importId: deterministicId('import', request.principal!.keyId, key) };
}

function originOf(request: FastifyRequest): ImportOrigin {
  return { actor: actorOf(request, 'import'), correlationId: request.id };
}
