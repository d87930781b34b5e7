import { Controller, Get } from '@nestjs/common';
import { RequireScope } from '../security/scope.decorator.js';
import { Consumers } from './consumers.js';

@Controller('v1/consumers')
@RequireScope('operations')
export class ConsumersController {
  constructor(private readonly consumers: Consumers) {}

  @Get()
  async show() {
    return { consumers: await this.consumers.look() };
  }
}
