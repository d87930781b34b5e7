import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Problem } from '@consent-ledger/platform';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { parse } from 'yaml';
import { documentHeaders } from '../http/safe-headers.js';
import { RequireKey } from '../security/scope.decorator.js';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The files of Swagger UI that the page loads, and what they are. */
const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>consent-ledger API</title><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`;

const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true });\n`;

const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The contract of this API, as a document and as a page. A browser asks for the key once: any user name, the key as password. */
@Controller()
@RequireKey()
export class DocsController {
  private document: unknown;

  /** Reading it takes a tenth of a second, which most starts can do without. */
  @Get('openapi.json')
  openApi(): unknown {
    return (this.document ??= parse(readFileSync(new URL('../../openapi/openapi.yaml', import.meta.url), 'utf8')));
  }

  @Get('docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  docs(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.headers({ ...documentHeaders, 'Content-Security-Policy': policy });
    return page;
  }

  @Get('docs/:asset')
  async asset(
    @Param('asset') asset: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | string> {
    if (asset === 'start.js') {
      void reply.header('Content-Type', 'text/javascript; charset=utf-8');
      return start;
    }
    const type = Object.hasOwn(assets, asset) ? assets[asset] : undefined;
    if (!type) throw new Problem('NOT_FOUND', 'The documentation has no such file.');
    void reply.header('Content-Type', type).header('Cache-Control', 'private, max-age=86400');
    return readFile(join(swaggerUi, asset));
  }
}
