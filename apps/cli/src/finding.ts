/** What was found of one part of the ledger: whether it is in order, and words for it. */
export interface Finding {
  readonly isSound: boolean;
  readonly text: string;
}

export const damagedLog: Finding = {
  isSound: false,
  text: 'cannot be read: its file is damaged. Restore the log, the vault and the secrets from one backup.',
};

export const damagedReadModels: Finding = {
  isSound: false,
  text: 'cannot be read: their file is damaged. Delete it; the service builds it anew when it starts.',
};

/** Whether an error says that an SQLite file does not hold together. */
export function isDamage(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}
