/** Gmail takes 5 to 15 characters for the sender. */
const SENDER = { least: 5, most: 15 };

/**
 * Gmail's `Feedback-ID`, by which it counts complaints: `campaign:purpose:kind:sender`. The sender is the end of its domain.
 * Nothing in it tells one recipient from another.
 */
export function feedbackId({ campaign = '', purpose = '', kind, domain }: FeedbackParts): string {
  const sender = domain.slice(-SENDER.most).replace(/^[.-]+/, '');
  return [campaign, purpose, kind, sender.padStart(SENDER.least, 'x')].join(':');
}

export interface FeedbackParts {
  readonly campaign?: string;
  readonly purpose?: string;
  readonly kind: string;
  /** Of the sender, in A-labels. */
  readonly domain: string;
}
