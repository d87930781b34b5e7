/** What a person may ask for with regard to their data (GDPR articles 15 to 21, P9). */
export const requestKinds = ['access', 'portability', 'rectification', 'restriction', 'erasure', 'objection'] as const;

export type RequestKind = (typeof requestKinds)[number];
