/** The templates that a mailing may name. The app that knows the templates brings it. */
export abstract class TemplateCatalogue {
  abstract readonly names: readonly string[];
}
