/** What is wrong with a part of a template: on which line, and what to do about it. */
export interface TemplateFault {
  readonly line: number;
  readonly message: string;
}
