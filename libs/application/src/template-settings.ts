import { Problem, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf, TemplateContent } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { currentPolicy } from './current-policy.js';
import { CLOCK, POLICIES, PUBLIC_URL } from './ports.js';
import { TemplateCatalogue, type TemplateDraft, type TemplateSetting } from './template-catalogue.js';

/** What a template is judged and shown with while nobody gets the message. */
@Injectable()
export class TemplateSettings {
  constructor(
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    private readonly catalogue: TemplateCatalogue,
  ) {}

  /** The sender of the policy in force, a link that no recipient has, and the name of the first commercial purpose. */
  current(): TemplateSetting {
    const { document, purposes } = currentPolicy(this.policies, this.clock);
    const [first] = [...purposes].flatMap(([name, { commercial }]) => (commercial ? [name] : []));
    const names = document.purposes[first ?? '']?.name ?? {};
    return {
      controller: document.controller,
      unsubscribeUrl: `${this.publicUrl}/u/preview`,
      stops: (language) => names[language] ?? Object.values(names)[0] ?? '',
    };
  }

  /** The draft as a template that may be published. Throws `INVALID_TEMPLATE` with everything that is wrong. */
  contentOf(draft: TemplateDraft): TemplateContent {
    const faults = this.catalogue.faultsOf(draft, this.current());
    if (faults.length === 0) return draft as TemplateContent;
    throw new Problem('INVALID_TEMPLATE', 'Correct what is named in errors and send the template again.', faults);
  }
}
