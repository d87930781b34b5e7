import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const document = new URL('../../../apps/api/openapi/openapi.yaml', import.meta.url);
const generated = new URL('./schema.d.ts', import.meta.url);

describe('the types of the client', () => {
  it('are those of the OpenAPI document; `npm run client:generate` writes them anew', async () => {
    const types = `${COMMENT_HEADER}${astToString(await openapiTS(document, { defaultNonNullable: false }))}`;
    const current = (await readFile(generated, 'utf8')) === types;
    expect(current).toBe(true);
  });
});
