/** What one check came to, in words for the operator; `advice` says what to do. */
export interface MailFinding {
  readonly check: string;
  readonly standing: 'passed' | 'doubtful' | 'failed';
  readonly text: string;
  readonly advice?: string;
}

export function passed(check: string, text: string): MailFinding {
  return { check, standing: 'passed', text };
}

export function doubtful(check: string, text: string, advice: string): MailFinding {
  return { check, standing: 'doubtful', text, advice };
}

export function failed(check: string, text: string, advice: string): MailFinding {
  return { check, standing: 'failed', text, advice };
}
