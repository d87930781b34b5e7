import {
  ImportContacts,
  ImportRepository,
  LOGGER,
  TakeBackImport,
  type ImportOrigin,
  type ImportRecord,
  type ImportReport,
  type ImportWatcher,
  type TakenBackReport,
} from '@consent-ledger/application';
import { deterministicId, Problem, type Logger } from '@consent-ledger/platform';
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { actorOf, headerOf } from '../http/facts.js';
import { Takes } from '../http/media-type.guard.js';
import { problemFor, problemText } from '../http/problem.filter.js';
import { RequireScope } from '../security/scope.decorator.js';
import { readImportQuery } from './import-query.js';
import { progressLines } from './progress-lines.js';

const PROGRESS = 'application/x-ndjson';

/** Contacts from other systems, in bulk: reports of opt-ins, and whatever stops mail (P3, P4). */
@Controller('v1/imports')
@RequireScope('import')
export class ImportsController {
  constructor(
    private readonly importContacts: ImportContacts,
    private readonly takeBackImport: TakeBackImport,
    private readonly imports: ImportRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Post()
  @HttpCode(200)
  @Takes('text/csv')
  import(
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ImportReport | Readable> {
    if (!(request.body instanceof Readable)) throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the rows as text/csv.');
    if (!wantsProgress(request)) return this.run(request.body, query, request);
    return this.runInSight(request.body, query, request, reply);
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

  private async run(
    body: Readable,
    query: Record<string, unknown>,
    request: FastifyRequest,
    watcher?: ImportWatcher,
  ): Promise<ImportReport> {
    const rows = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
    try {
      const { request: wanted, dryRun } = readImportQuery(query);
      const named = { ...wanted, ...importIdOf(request) };
      return dryRun
        ? await this.importContacts.dryRun(rows, named, originOf(request), watcher)
        : await this.importContacts.run(rows, named, originOf(request), watcher);
    } finally {
      // What was not read is passed over: a connection that is broken off here would take the answer along.
      void rows.return?.().then(() => body.resume());
    }
  }

  /** Answers while the rows are recorded, a line for each step. */
  private async runInSight(
    body: Readable,
    query: Record<string, unknown>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Readable> {
    const problemOf = (error: unknown) => {
      const problem = problemFor(error);
      if (problem.status >= 500)
        this.logger.error('An import failed while it was answered', { correlationId: request.id, error });
      return problemText(problem, request.id);
    };
    const lines = await progressLines((onProgress) => this.run(body, query, request, { onProgress }), problemOf);
    void reply.header('Content-Type', `${PROGRESS}; charset=utf-8`);
    return lines;
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

function wantsProgress({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes(PROGRESS) ?? false;
}

function originOf(request: FastifyRequest): ImportOrigin {
  return { actor: actorOf(request, 'import'), correlationId: request.id };
}
