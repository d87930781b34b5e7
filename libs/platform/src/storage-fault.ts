/** What ends by itself, or once somebody made room or let go of a lock; what is damaged is not among it. */
const PASSING =
  /^(SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|NOMEM|PERM|PROTOCOL)|(LOG_UNAVAILABLE|APPEND_OUTCOME_UNKNOWN|KEY_VAULT_UNAVAILABLE)$)/;
const ANY =
  /^(SQLITE_(?!CONSTRAINT|MISMATCH|MISUSE|RANGE|ERROR)|(LOG_UNAVAILABLE|APPEND_OUTCOME_UNKNOWN|LOG_REFUSED|KEY_VAULT_UNAVAILABLE|UNUSABLE_KEY_VAULT|KEY_REMNANT)$)/;

/** The code of the fault of a disk, a database file or a server that stores that an error, or what caused it, tells of; `undefined` for any other error. */
export function storageFaultIn(error: unknown): string | undefined {
  return codeIn(error, ANY);
}

/** As `storageFaultIn`, for a fault after which the same may work when it is tried again. */
export function passingStorageFaultIn(error: unknown): string | undefined {
  return codeIn(error, PASSING);
}

function codeIn(error: unknown, pattern: RegExp): string | undefined {
  for (let cause = error; typeof cause === 'object' && cause !== null;) {
    const { code, cause: inner } = cause as { readonly code?: unknown; readonly cause?: unknown };
    if (typeof code === 'string' && pattern.test(code)) return code;
    cause = inner;
  }
  return undefined;
}
