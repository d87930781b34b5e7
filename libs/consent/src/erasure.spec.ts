import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, optedIn } from './contact.fixture.js';
import { erase } from './erasure.js';

const [january, february, march] = ['2024-01-01T10:00:00Z', '2024-02-01T10:00:00Z', '2024-03-01T10:00:00Z'];
const byRetention = (at: string) => happened('PersonalDataErased', at, { reason: 'retention' });
const onRequest = (at: string) => happened('PersonalDataErased', at, { reason: 'request' });

function given(...events: ContactEvent[]) {
  return { when: (reason: 'request' | 'retention') => erase(foldContact(events), { reason }) };
}

function recorded(reason: 'request' | 'retention') {
  return { events: [{ type: 'PersonalDataErased', data: { reason } }] };
}

describe('erasure (P7)', () => {
  it('is recorded with its reason', () => {
    expect(given(optedIn(january)).when('request')).toStrictEqual(recorded('request'));
    expect(given(optedIn(january)).when('retention')).toStrictEqual(recorded('retention'));
  });

  it('is recorded once while nothing came after', () => {
    expect(given(onRequest(january)).when('request')).toStrictEqual({ events: [] });
    expect(given(onRequest(january)).when('retention')).toStrictEqual({ events: [] });
    expect(given(byRetention(january)).when('retention')).toStrictEqual({ events: [] });
  });

  it('is recorded again when something came after', () => {
    expect(given(onRequest(january), optedIn(february)).when('request')).toStrictEqual(recorded('request'));
    expect(given(byRetention(january), optedIn(february)).when('retention')).toStrictEqual(recorded('retention'));
  });

  it('on request is recorded over one by retention, for it is an opt-out', () => {
    expect(given(byRetention(january)).when('request')).toStrictEqual(recorded('request'));
  });

  it('on request is recorded again after a return, also when retention erased meanwhile', () => {
    const history = [onRequest(january), optedIn(february), byRetention(march)];
    expect(given(...history).when('request')).toStrictEqual(recorded('request'));
  });

  it('on request is recorded for a contact never heard of, and by retention it is not', () => {
    expect(given().when('request')).toStrictEqual(recorded('request'));
    expect(given().when('retention')).toStrictEqual({ events: [] });
  });
});
