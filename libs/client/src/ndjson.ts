import { ReadableStream, TextDecoderStream, TextEncoderStream } from 'node:stream/web';

/** How much text is put together before it is sent, in UTF-16 code units. */
const CHUNK = 16_384;

/** A body of one JSON value a line, read from `values` no faster than it is sent, until they end or `stopped` aborts. */
export function writeLines(
  values: Iterable<unknown> | AsyncIterable<unknown>,
  stopped: AbortSignal,
): ReadableStream<Uint8Array> {
  const text = Symbol.asyncIterator in values ? linesOf(values, stopped) : chunksOf(values, stopped);
  return ReadableStream.from(text).pipeThrough(new TextEncoderStream());
}

/** The JSON value of each line of a body. Throws `SyntaxError` at a line that is not JSON. */
export async function* readLines(body: ReadableStream): AsyncGenerator<unknown, void, undefined> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== '') yield JSON.parse(rest);
}

/** A line as soon as its value is there: what comes next may hang on the answer to it. */
async function* linesOf(values: AsyncIterable<unknown>, stopped: AbortSignal): AsyncGenerator<string> {
  for await (const value of values) {
    stopped.throwIfAborted();
    yield lineOf(value);
  }
}

function* chunksOf(values: Iterable<unknown>, stopped: AbortSignal): Generator<string> {
  let text = '';
  for (const value of values) {
    stopped.throwIfAborted();
    text += lineOf(value);
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
