/** How the names of all streams of the log begin. On a server that others use too, they are what is read of it. */
export const STREAM_PREFIXES: readonly string[] = [
  'contact-',
  'delivery-',
  'mailing-',
  'policy-',
  'template-',
  'request-',
  'import-',
  'api-key-',
  'ledger',
];
