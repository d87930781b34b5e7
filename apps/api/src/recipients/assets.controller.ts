import { Problem } from '@consent-ledger/platform';
import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Open } from '../security/scope.decorator.js';
import { Assets } from './assets.js';

const assetHeaders = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  // A drawing that is opened for itself runs nothing and loads nothing.
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'Cross-Origin-Resource-Policy': 'same-origin',
};

@Controller('assets')
@Open()
export class AssetsController {
  constructor(private readonly assets: Assets) {}

  @Get(':name')
  show(@Param('name') name: string, @Res() reply: FastifyReply): void {
    const asset = this.assets.find(name);
    if (!asset) throw new Problem('NOT_FOUND', 'There is no such file.');
    void reply.headers({ ...assetHeaders, 'Content-Type': asset.type }).send(asset.body);
  }
}
