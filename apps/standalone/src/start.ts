import { serve, type Api } from '@consent-ledger/api';
import type { Configuration } from '@consent-ledger/platform';
import type { Overrides } from '@consent-ledger/process';
import { StandaloneModule } from './standalone.module.js';

export type Standalone = Api;

/** Starts the whole service in this process, and resolves once it answers. */
export function startStandalone(configuration: Configuration, overrides: Overrides = {}): Promise<Standalone> {
  return serve('standalone', (service) => StandaloneModule.over(service), configuration, overrides);
}
