/** The templates that a mailing may name. The app that knows the templates brings it. */
export abstract class TemplateCatalogue {
  abstract readonly names: readonly string[];
  /** Whether what the template says is commercial; an operational message may not be made of it. */
  abstract kind(name: string): 'commercial' | 'operational';
}
