/**
 * The text fields of a `multipart/form-data` body, such as a one-click opt-out (RFC 8058 §3.2); files are left out. Read by
 * the platform's own parser: Fastify's plugin hangs three promises on every request of any kind. A form that cannot be
 * read has no fields: the link is the whole authority of an opt-out, however the post was encoded.
 */
export async function readFormData(contentType: string, body: Buffer): Promise<Record<string, string>> {
  const fields = await parse(contentType, body);
  return Object.fromEntries([...fields].filter((field): field is [string, string] => typeof field[1] === 'string'));
}

async function parse(contentType: string, body: Buffer): Promise<Iterable<[string, unknown]>> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'Content-Type': contentType } }).formData();
  } catch {
    return [];
  }
}
