import { describe, expect, it } from '@jest/globals';
import { readFormData } from './form-data.js';

const CONTENT_TYPE = 'multipart/form-data; boundary=x';

function bodyOf(...parts: readonly string[]): Buffer {
  return Buffer.from(`${parts.map((part) => `--x\r\nContent-Disposition: form-data; ${part}\r\n`).join('')}--x--\r\n`);
}

describe('a multipart form', () => {
  it('gives its fields by name (RFC 8058)', async () => {
    const body = bodyOf(
      'name="List-Unsubscribe"\r\n\r\nOne-Click',
      'name="lang"\r\nContent-Type: text/plain\r\n\r\nnl',
    );
    expect(await readFormData(CONTENT_TYPE, body)).toStrictEqual({ 'List-Unsubscribe': 'One-Click', lang: 'nl' });
  });

  it('is read whatever the capitals and quotes of its content type', async () => {
    const body = bodyOf('name="List-Unsubscribe"\r\n\r\nOne-Click');
    const fields = await readFormData('Multipart/Form-Data; charset=utf-8; boundary="x"', body);
    expect(fields).toStrictEqual({ 'List-Unsubscribe': 'One-Click' });
  });

  it('gives no files', async () => {
    const file = 'name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello';
    expect(await readFormData(CONTENT_TYPE, bodyOf(file, 'name="scope"\r\n\r\nall'))).toStrictEqual({ scope: 'all' });
  });

  it('cannot reach the prototype of what is made of it', async () => {
    const fields = await readFormData(CONTENT_TYPE, bodyOf('name="__proto__"\r\n\r\nadmin'));
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it.each([
    ['that is none', CONTENT_TYPE, 'not multipart at all'],
    ['that is cut off', CONTENT_TYPE, '--x\r\nContent-Disposition: form-data; name="scope"\r\n\r\nal'],
    ['without a boundary', 'multipart/form-data', '--x--\r\n'],
  ])('%s has no fields, and stops no opt-out', async (_, contentType, body) => {
    expect(await readFormData(contentType, Buffer.from(body))).toStrictEqual({});
  });
});
