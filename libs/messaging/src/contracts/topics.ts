/** The topics of one installation. */
export interface Topics {
  /** Every fact of every contact, in the order of the log per contact. */
  readonly events: string;
  /** Compacted: the current verdicts of each contact; a tombstone where the personal data was erased. */
  readonly preferences: string;
  /** What others ask to be recorded, and what could not be. */
  readonly requests: string;
  readonly requestsRefused: string;
  /** Mail that others ask for, what could not be taken, and what became of each. */
  readonly mailJobs: string;
  readonly mailJobsRefused: string;
  readonly mailOutcomes: string;
  /** How far the relay has come; of no use to others. */
  readonly relay: string;
}

/** The names of the topics, behind a prefix where several installations share a cluster. */
export function topicsOf(prefix = ''): Topics {
  return {
    events: `${prefix}consent.events.v1`,
    preferences: `${prefix}consent.preferences.v1`,
    requests: `${prefix}consent.requests.v1`,
    requestsRefused: `${prefix}consent.requests.refused.v1`,
    mailJobs: `${prefix}mail.jobs.v1`,
    mailJobsRefused: `${prefix}mail.jobs.refused.v1`,
    mailOutcomes: `${prefix}mail.outcomes.v1`,
    relay: `${prefix}consent.relay.v1`,
  };
}

/** The topics that others read: who has committed an offset in one of them has received what is before it (P11). */
export function publishedTopics({ events, preferences, mailOutcomes }: Topics): readonly string[] {
  return [events, preferences, mailOutcomes];
}
