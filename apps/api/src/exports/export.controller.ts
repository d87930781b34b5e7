import { ExportContacts } from '@consent-ledger/application';
import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { RequireScope } from '../security/scope.decorator.js';

/** Every contact with what stands for each purpose, as a file. */
@Controller('v1/export')
@RequireScope('export')
export class ExportController {
  constructor(private readonly contacts: ExportContacts) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  export(): StreamableFile {
    const file = Readable.from(this.contacts.run(), { objectMode: false });
    return new StreamableFile(file, {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="contacts.csv"',
    });
  }
}
