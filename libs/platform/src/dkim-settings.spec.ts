import { describe, expect, it } from '@jest/globals';
import { dkimFaults, dkimSettings, isAligned, type DkimEnvironment } from './dkim-settings.js';

const given: DkimEnvironment = { DKIM_DOMAIN: 'example.org', DKIM_SELECTOR: '2027a', DKIM_KEY_PATH: '/keys/a.pem' };

describe('the settings of DKIM', () => {
  it('name a domain, and a key file for each selector in turn', () => {
    const two = { DKIM_DOMAIN: 'Bücher.example', DKIM_SELECTOR: 'rsa, ed', DKIM_KEY_PATH: '/keys/a.pem,/keys/b.pem' };
    expect(dkimSettings(two)).toStrictEqual({
      domain: 'xn--bcher-kva.example',
      keys: [
        { selector: 'rsa', path: '/keys/a.pem' },
        { selector: 'ed', path: '/keys/b.pem' },
      ],
    });
    expect(dkimFaults(two)).toStrictEqual([]);
  });

  it('may be absent together', () => {
    expect([dkimFaults({}), dkimSettings({})]).toStrictEqual([[], undefined]);
  });

  it.each([
    [{ DKIM_DOMAIN: 'example.org' }, /^DKIM_SELECTOR and DKIM_KEY_PATH must be given too/],
    [{ ...given, DKIM_DOMAIN: 'localhost' }, /^DKIM_DOMAIN must be a domain/],
    [{ ...given, DKIM_DOMAIN: 'a b.org' }, /^DKIM_DOMAIN must be a domain/],
    [{ ...given, DKIM_SELECTOR: 'a;b' }, /^DKIM_SELECTOR must be a DNS label/],
    [{ ...given, DKIM_SELECTOR: 'a,', DKIM_KEY_PATH: 'a,b' }, /^DKIM_SELECTOR must be a DNS label/],
    [{ ...given, DKIM_SELECTOR: 'a,a', DKIM_KEY_PATH: 'a,b' }, /^DKIM_SELECTOR must name each selector once/],
    [{ ...given, DKIM_SELECTOR: 'a,b' }, /^DKIM_KEY_PATH must name as many files/],
    [{ ...given, DKIM_KEY_PATH: 'a,b' }, /^DKIM_KEY_PATH must name as many files/],
    [{ ...given, MAIL_FROM: 'news@example.com' }, /^DKIM_DOMAIN must be the domain of MAIL_FROM/],
  ] as [DkimEnvironment, RegExp][])('%j are refused', (environment, fault) => {
    expect(dkimFaults(environment)).toStrictEqual([expect.stringMatching(fault)]);
  });

  it.each([
    ['example.org', 'example.org', true],
    ['example.org', 'news.example.org', true],
    ['mail.example.org', 'example.org', true],
    ['example.org', 'badexample.org', false],
    ['example.com', 'example.org', false],
  ])('a signature by %s counts for mail from %s: %s', (signing, sender, counts) => {
    expect(isAligned(signing, sender)).toBe(counts);
  });
});
