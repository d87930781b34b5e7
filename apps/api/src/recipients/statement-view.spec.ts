import { describe, expect, it } from '@jest/globals';
import { statementIn } from './statement-view.js';

describe('the statement that a form names (P3)', () => {
  const form = (version: string) => ({ statement: 'signup-form', version, language: 'nl' });

  it('is read with its version as a number', () => {
    expect(statementIn(form('12'))).toStrictEqual({ id: 'signup-form', version: 12, language: 'nl' });
  });

  it.each(['', 'two', 'NaN', '1.5', '-1', '1e3', '0x1', ' 1', '9'.repeat(16)])(
    'is none where its version is %j',
    (version) => {
      expect(statementIn(form(version))).toBeUndefined();
    },
  );
});
