/** How much a run measures. */
export interface Sizes {
  readonly rounds: number;
  /** Of one round of requests. */
  readonly seconds: number;
  /** Contacts in the projection of the rows that ask. */
  readonly contacts: number;
  /** Addresses of the streamed batch. */
  readonly streamed: number;
  /** Events of the log that is rebuilt. */
  readonly events: number;
  /** Rows of a file that is imported. */
  readonly imported: number;
  /** Contacts of which the memory is measured. */
  readonly projected: number;
  /** Events that are relayed. */
  readonly relayed: number;
  /** Opt-outs whose way to every process is followed. */
  readonly optedOut: number;
}

export const full: Sizes = {
  rounds: 5,
  seconds: 4,
  contacts: 100_000,
  streamed: 1_000_000,
  events: 1_000_000,
  imported: 200_000,
  projected: 1_000_000,
  relayed: 100_000,
  optedOut: 3_000,
};

export const quick: Sizes = {
  rounds: 3,
  seconds: 1,
  contacts: 20_000,
  streamed: 100_000,
  events: 100_000,
  imported: 20_000,
  projected: 100_000,
  relayed: 10_000,
  optedOut: 300,
};

/** Connections at once, as the rows over HTTP are defined. */
export const CONNECTIONS = 64;
