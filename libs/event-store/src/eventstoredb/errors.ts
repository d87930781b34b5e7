/** The server did not answer, or not in a way that says anything about what was asked. Asking again may help. */
export class LogUnavailable extends Error {
  readonly code = 'LOG_UNAVAILABLE';
  constructor(why: string, options?: ErrorOptions) {
    super(`EventStoreDB cannot be asked: ${why} It is asked again as long as that may help.`, options);
  }
}

/** An append was tried as long as is allowed, and nobody said whether it was written. */
export class AppendOutcomeUnknown extends Error {
  readonly code = 'APPEND_OUTCOME_UNKNOWN';
  constructor(options: ErrorOptions) {
    super('Nobody said whether the append was written. Append again with the same ids to find out.', options);
  }
}

/** The server refused what was asked, and wrote nothing; asking again does not help. */
export class LogRefused extends Error {
  readonly code = 'LOG_REFUSED';
}

/** Somebody deleted the stream on the server for good: it takes no event any more, and those beside it do. */
export class StreamDeleted extends Error {
  readonly code = 'STREAM_DELETED';
  constructor() {
    super('The stream was deleted for good on the server, and takes no more events.');
  }
}

/** The connection string cannot be used. The message shows nothing of it: it may hold a password. */
export class UnusableConnectionString extends Error {
  readonly code = 'UNUSABLE_CONNECTION_STRING';
  constructor(why: string) {
    super(
      `The connection string of EventStoreDB ${why} It looks like "esdb://user:password@host:2113" or "esdb+discover://…".`,
    );
  }
}
