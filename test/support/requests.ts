export const ADMIN_KEY = 'the-administrators-key-of-a-test';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; only for JSON answers. */
  readonly body: any;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** A body sent as it is, with `Content-Type` among the headers. */
  readonly raw?: string | Uint8Array | FormData | URLSearchParams | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
  /** The API key; the administrator's by default, `null` for none. */
  readonly key?: string | null;
}

/** The two requests that most tests are made of. */
export interface Requests {
  post(path: string, body: unknown, options?: RequestOptions): Promise<Reply>;
  get(path: string, options?: RequestOptions): Promise<Reply>;
}

/** Requests to the service at a URL. */
export function requestsTo(url: string): Requests {
  return {
    post: (path, body, options) => sendRequest(url, 'POST', path, { body, ...options }),
    get: (path, options) => sendRequest(url, 'GET', path, options),
  };
}

/** Sends a request to the service at a URL, and reads its whole answer. A redirection is not followed. */
export async function sendRequest(
  url: string,
  method: string,
  path: string,
  { body, raw, headers, key = ADMIN_KEY }: RequestOptions = {},
): Promise<Reply> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(key !== null && { Authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(raw !== undefined && { body: raw, duplex: 'half' }),
    redirect: 'manual',
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  const isJson = /json/.test(contentType) && !/ndjson/.test(contentType);
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
