/** The address of the n-th contact of a benchmark; always the same. */
export function addressOf(n: number): string {
  return `${given[n % given.length]}.${family[n % family.length]}${n}@${domains[n % domains.length]}`;
}

/** The address of somebody the service has never heard of. */
export function strangerOf(n: number): string {
  return `nobody${n}@elsewhere.example`;
}

/** Nine contacts in ten are known, in no order that the store could profit from. */
export function mixedAddresses(count: number, contacts: number): string[] {
  return Array.from({ length: count }, (_, n) => (n % 10 === 9 ? strangerOf(n) : addressOf(shuffled(n, contacts))));
}

/** The n-th of a walk that visits all of `size` numbers, far apart from one to the next, before it repeats. */
export function shuffled(n: number, size: number): number {
  return (n * STEP) % size;
}

/** A prime that divides no size in use. */
const STEP = 7_368_787;

const given = ['anna', 'bram', 'chantal', 'daan', 'eva', 'fatima', 'gerrit', 'hanneke', 'ibrahim', 'jan', 'kees'];
const family = ['jansen', 'de.vries', 'bakker', 'yilmaz', 'van.den.berg', 'visser', 'smit'];
const domains = ['mail.example', 'bedrijf.example', 'post.voorbeeld.example', 'gm.example'];
