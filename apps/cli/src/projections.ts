import {
  ApiKeysProjection,
  DeliveriesProjection,
  DueDatesProjection,
  PoliciesProjection,
  PreferencesProjection,
  PreferencesView,
  RequestsProjection,
  TemplatesProjection,
  type Projection,
  type ReadModels,
} from '@consent-ledger/projections';

const makers = {
  policies: (readModels) => new PoliciesProjection(readModels),
  'api-keys': (readModels) => new ApiKeysProjection(readModels),
  preferences: (readModels) => new PreferencesProjection(readModels),
  deliveries: (readModels) => new DeliveriesProjection(readModels),
  'due-dates': (readModels) =>
    new DueDatesProjection({
      readModels,
      preferences: new PreferencesView(readModels),
      policies: new PoliciesProjection(readModels),
    }),
  requests: (readModels) => new RequestsProjection(readModels),
  templates: (readModels) => new TemplatesProjection(readModels),
} as const satisfies Record<string, (readModels: ReadModels) => Projection>;

export type ProjectionName = keyof typeof makers;

/** The projections that the service keeps, in the order in which they can be rebuilt. */
export const projectionNames = Object.keys(makers) as readonly ProjectionName[];

/** Those that follow from the log alone; the due dates follow from the preferences and the policies beside them. */
export const independentNames = projectionNames.filter((name) => name !== 'due-dates');

/** Makes a projection over read models, with its tables. */
export function makeProjection(name: ProjectionName, readModels: ReadModels): Projection {
  return makers[name](readModels);
}
