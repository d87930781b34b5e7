import { drawSimulation, simulationCsv, SimulateQuery, type Simulation } from '@consent-ledger/application';
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { parseInstant } from '../http/instant.decorator.js';
import { LARGEST_DOCUMENT, LargestBody } from '../http/largest-body.decorator.js';
import { RequireScope } from '../security/scope.decorator.js';
import { SimulationDto } from './simulation.dto.js';

const MONTHS = 36;
const LISTED = 100;

const mediaTypes = ['application/json', 'text/csv', 'image/svg+xml'] as const;

type MediaType = (typeof mediaTypes)[number];

/** What if: who could be sent what, and what falls due, under the policies that are or another. It records nothing. */
@Controller('v1/simulations')
@RequireScope('history')
export class SimulationsController {
  constructor(private readonly queries: QueryBus) {}

  @Post()
  @LargestBody(LARGEST_DOCUMENT)
  @HttpCode(200)
  async simulate(
    @Body() { policy, from, at, knownAt, months = MONTHS, limit = LISTED }: SimulationDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const left = leavingOf(reply);
    const asked = { policy, from: parseInstant(from), at: parseInstant(at), knownAt: parseInstant(knownAt), months };
    const mediaType = acceptedBy(request.headers.accept);
    try {
      const simulation = await this.queries.execute(new SimulateQuery(asked, left));
      const body = await bodyOf(simulation, mediaType, limit);
      void reply.header('Content-Type', `${mediaType}; charset=utf-8`).header('Vary', 'Accept');
      return body;
    } catch (error) {
      if (left.aborted) return undefined;
      throw error;
    }
  }
}

async function bodyOf(simulation: Simulation, mediaType: MediaType, limit: number): Promise<unknown> {
  const { answer } = simulation;
  switch (mediaType) {
    case 'text/csv':
      return Readable.from(simulationCsv(answer, simulation.refusedSends()), { objectMode: false });
    case 'image/svg+xml':
      return drawSimulation(answer);
    case 'application/json': {
      const pastSends = await simulation.countSends(limit);
      return pastSends ? { ...answer, pastSends } : answer;
    }
  }
}

/** The first form that the caller names; JSON for one that names none of them. */
function acceptedBy(accept = ''): MediaType {
  const named = accept.split(',').map((range) => range.split(';')[0]!.trim().toLowerCase());
  return named.flatMap((range) => mediaTypes.filter((type) => type === range))[0] ?? 'application/json';
}

/** Aborts when the caller goes away before the answer is complete. */
function leavingOf({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort(new Error('The caller left before the simulation was done.'));
  });
  return leaving.signal;
}
