import {
  ApiKeysProjection,
  DeliveriesProjection,
  PoliciesProjection,
  PreferencesProjection,
  type Projection,
  type ReadModels,
} from '@consent-ledger/projections';

const makers = {
  policies: (readModels) => new PoliciesProjection(readModels),
  'api-keys': (readModels) => new ApiKeysProjection(readModels),
  preferences: (readModels) => new PreferencesProjection(readModels),
  deliveries: (readModels) => new DeliveriesProjection(readModels),
} as const satisfies Record<string, (readModels: ReadModels) => Projection>;

export type ProjectionName = keyof typeof makers;

/** The projections that the service keeps, the small ones first. */
export const projectionNames = Object.keys(makers) as readonly ProjectionName[];

/** Makes a projection over read models, with its tables. */
export function makeProjection(name: ProjectionName, readModels: ReadModels): Projection {
  return makers[name](readModels);
}
