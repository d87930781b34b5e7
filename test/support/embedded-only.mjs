/** What cannot hold with the log on a server, and why: a spec, or those of its tests whose name holds `tests`. */
const embeddedOnly = [
  {
    spec: 'faults/degraded.spec.ts',
    tests: 'the key vault',
    why: 'It locks and damages the file of the vault; faults/vault-away has one on a server.',
  },
  {
    spec: 'faults/degraded.spec.ts',
    tests: 'a choice of which the vault lets only the opt-out be recorded',
    why: 'It damages the file of the vault.',
  },
  {
    spec: 'faults/degraded.spec.ts',
    tests: 'a log that another program holds',
    why: 'It locks the file of the log; faults/distributed-engines-away has one on a server.',
  },
  {
    spec: 'faults/distributed-engines-away.spec.ts',
    why: 'It names its engines itself: it is the same on either profile.',
  },
  { spec: 'faults/distributed-killed.spec.ts', why: 'It names its engines itself: it is the same on either profile.' },
  {
    spec: 'faults/distributed-requests.spec.ts',
    why: 'It names its engines itself: it is the same on either profile.',
  },
  { spec: 'faults/restored-vault.spec.ts', why: 'It has vaults of its own, of either kind, and puts them back.' },
  {
    spec: 'faults/starting.spec.ts',
    tests: 'secrets that are gone',
    why: 'It takes the file of secrets away; on this profile they are settings.',
  },
  { spec: 'faults/erased-bytes.spec.ts', why: 'It looks for bytes in the files of log and vault.' },
  {
    spec: 'faults/full-disk.spec.ts',
    tests: 'has an opt-out told as not done',
    why: 'It bounds the file of the log.',
  },
  { spec: 'faults/killed-import.spec.ts', why: 'It makes ledgers of its own from files, and counts in positions.' },
  { spec: 'faults/killed-mailers.spec.ts', why: 'It names its engines itself: it is the same on either profile.' },
  { spec: 'faults/old-snapshot.spec.ts', why: 'It names its engines itself: it is the same on either profile.' },
  { spec: 'faults/killed-rotation.spec.ts', why: 'It has master keys and a vault of its own, of either kind.' },
  { spec: 'faults/killed-migration.spec.ts', why: 'It moves a log from a file, and names its engines itself.' },
  { spec: 'faults/slow-api.spec.ts', why: 'It names its engines itself: it is the same on either profile.' },
  { spec: 'faults/slow-readers.spec.ts', why: 'It names its engines itself: it is the same on either profile.' },
  { spec: 'faults/unwritable-log.spec.ts', why: 'It keeps the file of the log from being written.' },
  { spec: 'faults/vault-away.spec.ts', why: 'It has a vault of its own, on a server that it stops.' },
  { spec: 'http/access.spec.ts', tests: 'nothing on disk holds one', why: 'It looks into the file of the log.' },
  { spec: 'http/privacy.spec.ts', tests: 'stands in no file', why: 'It looks into the file of the log.' },
  {
    spec: 'mail/inbound.spec.ts',
    tests: 'a message that the log cannot take now',
    why: 'It breaks the file of the log.',
  },
  { spec: 'recipients/browser.spec.ts', tests: 'page "unavailable"', why: 'It breaks the file of the log.' },
  { spec: 'recipients/browser.spec.ts', tests: 'page "busy"', why: 'It breaks the file of the log.' },
  {
    spec: 'recipients/unsubscribe.spec.ts',
    tests: 'while the log cannot be written',
    why: 'It breaks the file of the log.',
  },
];

/** What a run leaves out, and why, on the profile that its environment names. */
export function leftOut({ PROFILE = 'embedded' }) {
  return PROFILE === 'embedded' ? [] : embeddedOnly;
}
