import type { Problem } from '@consent-ledger/platform';
import { describe, expect, it } from '@jest/globals';
import { readImportSettings, type ImportSettings } from './import-settings.js';

function faultsOf(settings: ImportSettings) {
  try {
    readImportSettings(settings);
    return undefined;
  } catch (error) {
    return (error as Problem).errors?.map(({ field }) => field);
  }
}

describe('the settings of an import', () => {
  it('are any file by default, and say no more than they were told', () => {
    expect(readImportSettings({})).toStrictEqual({ preset: 'csv' });
  });

  it('are read from texts', () => {
    const settings = readImportSettings({
      preset: 'hubspot',
      map: ['email = E-mail, address,status=State', 'optedInAt=Date = of consent'],
      status: ['On=opted-in', 'Off = opted-out'],
      purposeName: ['Marketing Information=newsletter', 'One to One='],
      purposes: 'newsletter, event-invitation',
      optOutOf: 'newsletter',
      statement: ' signup-form@2:nl-BE ',
      occurredAt: '2024-01-31T12:00:00+01:00',
      timeZone: 'Europe/Amsterdam',
      delimiter: '\\t',
    });
    expect(settings).toStrictEqual({
      preset: 'hubspot',
      columns: { address: 'E-mail, address', status: 'State', optedInAt: 'Date = of consent' },
      statuses: { On: 'opted-in', Off: 'opted-out' },
      purposeNames: { 'Marketing Information': 'newsletter', 'One to One': null },
      purposes: ['newsletter', 'event-invitation'],
      optOutOf: ['newsletter'],
      statement: { id: 'signup-form', version: 2, language: 'nl-BE' },
      occurredAt: Date.parse('2024-01-31T11:00:00Z'),
      timeZone: 'Europe/Amsterdam',
      delimiter: '\t',
    });
    expect(readImportSettings({ optOutOf: 'all' }).optOutOf).toBe('all');
  });

  it.each<[keyof ImportSettings, ImportSettings]>([
    ['preset', { preset: 'excel' }],
    ['preset', { preset: 'constructor' }],
    ['map', { map: ['email'] }],
    ['map', { map: ['email='] }],
    ['map', { map: ['name=Name'] }],
    ['status', { status: ['on=yes'] }],
    ['status', { status: ['on'] }],
    ['purposeName', { purposeName: ['Newsletter'] }],
    ['statement', { statement: 'signup-form' }],
    ['occurredAt', { occurredAt: 'yesterday' }],
  ])('are refused for their %s: %j', (field, settings) => {
    expect(faultsOf(settings)).toStrictEqual([field]);
  });

  it('are refused for everything at once', () => {
    expect(faultsOf({ preset: 'excel', status: ['on'], statement: '' })).toStrictEqual([
      'status',
      'statement',
      'preset',
    ]);
  });
});
