import { ShowPoliciesQuery } from '@consent-ledger/application';
import { Controller, Get } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { RequireScope } from '../security/scope.decorator.js';

@Controller('v1/policies')
@RequireScope('history')
export class PoliciesController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  list() {
    return this.queries.execute(new ShowPoliciesQuery());
  }
}
