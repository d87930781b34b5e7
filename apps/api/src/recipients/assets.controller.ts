import { Controller, Get, Header } from '@nestjs/common';
import { Open } from '../security/scope.decorator.js';
import { Pages } from './pages.js';

@Controller('assets')
@Open()
export class AssetsController {
  constructor(private readonly pages: Pages) {}

  @Get('pages.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=3600')
  styles(): string {
    return this.pages.styles;
  }

  @Get('icon.svg')
  @Header('Content-Type', 'image/svg+xml')
  @Header('Cache-Control', 'public, max-age=3600')
  icon(): string {
    return this.pages.icon;
  }
}
