export const SUCCEEDED = 0;
export const FAILED = 1;
export const MISUSED = 2;
/** Done, save for parts that were refused and told. */
export const INCOMPLETE = 3;

/** As diff(1) has them: it found a difference; it could not look. */
export const DIFFERENT = 1;
export const TROUBLE = 2;
