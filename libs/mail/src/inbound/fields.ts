/** The fields of a header or of a block in a report, in order; names in lower case, values unfolded (RFC 5322 §2.2). */
export interface Fields {
  /** The first value of a field. */
  first(name: string): string | undefined;
  /** Every value of these fields. */
  all(...names: readonly string[]): string[];
}

/** More than any real header has; what comes after is passed over. */
const MAX_FIELDS = 1000;

/** Fields out of their lines as they were received: `Name: value`, folding included. */
export function fieldsOf(lines: readonly string[]): Fields {
  const fields = lines.slice(0, MAX_FIELDS).map((line) => {
    const colon = line.indexOf(':');
    return [
      line.slice(0, Math.max(colon, 0)).trim().toLowerCase(),
      line
        .slice(colon + 1)
        .replace(/\r?\n[ \t]+/g, ' ')
        .trim(),
    ];
  });
  return {
    first: (name) => fields.find(([found]) => found === name)?.[1],
    all: (...names) => fields.flatMap(([found, value]) => (names.includes(found!) ? [value!] : [])),
  };
}

/** The blocks of fields that blank lines part, as delivery and feedback reports have them (RFC 3464 §2.1, RFC 5965 §3). */
export function readBlocks(text: string): Fields[] {
  return text
    .split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/)
    .filter((block) => block.includes(':'))
    .slice(0, MAX_FIELDS)
    .map(readBlock);
}

/** The header of a message: the fields before its first blank line. */
export function readHeader(message: string): Fields {
  const end = /\r?\n\r?\n/.exec(message)?.index ?? message.length;
  return readBlock(message.slice(0, end));
}

function readBlock(block: string): Fields {
  return fieldsOf(block.trim().split(/\r?\n(?![ \t])/));
}
