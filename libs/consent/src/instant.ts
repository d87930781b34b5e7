/** A moment in the world: milliseconds since 1970-01-01T00:00:00Z. The domain never asks what moment it is now. */
export type Instant = number;

/** The instant that never comes; a validity that ends here never ends. */
export const NEVER: Instant = Number.POSITIVE_INFINITY;
