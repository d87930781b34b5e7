import type { PreferencesView, Processor } from '@consent-ledger/projections';
import { describe, expect, it } from '@jest/globals';
import { Preferences } from './preferences.js';

const preferencesOver = (processor: Pick<Processor, 'state' | 'interruptedForMs'>) =>
  new Preferences({} as PreferencesView, processor as Processor);

describe('answers from the projection', () => {
  it('are given while it follows the log, and a little while after the log was last heard of', () => {
    expect(() => preferencesOver({ state: 'running', interruptedForMs: 0 }).requireLive()).not.toThrow();
    expect(() => preferencesOver({ state: 'running', interruptedForMs: 10_000 }).requireLive()).not.toThrow();
  });

  it('are refused once an opt-out may be in the log that they leave out (P4)', () => {
    const refused = expect.objectContaining({ code: 'UNAVAILABLE' });
    expect(() => preferencesOver({ state: 'running', interruptedForMs: 10_001 }).requireLive()).toThrow(refused);
    expect(() => preferencesOver({ state: 'stopped', interruptedForMs: 0 }).requireLive()).toThrow(refused);
  });
});

describe('whether a contact may be known', () => {
  const known = { has: (contactId) => contactId === 'anna' } as Pick<PreferencesView, 'has'> as PreferencesView;
  const mayKnow = (isCaughtUp: boolean) => {
    const preferences = new Preferences(known, { isCaughtUp } as Processor);
    return ['anna', 'bram'].filter((contactId) => preferences.mayKnow(contactId));
  };

  it('is told by the projection, and of everybody while it is behind', () => {
    expect(mayKnow(true)).toStrictEqual(['anna']);
    expect(mayKnow(false)).toStrictEqual(['anna', 'bram']);
  });
});
