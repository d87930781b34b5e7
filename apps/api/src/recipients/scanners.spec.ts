import { describe, expect, it } from '@jest/globals';
import { scannerSign } from './scanners.js';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
const signOf = (method: string, headers: Record<string, string>) => scannerSign({ method, headers });

describe('a visit to a page', () => {
  it.each([firefox, iPhone])('by a browser has no sign of a scanner: %s', (userAgent) => {
    expect(signOf('GET', { 'user-agent': userAgent })).toBeUndefined();
  });

  it('by HEAD has one, whoever makes it', () => {
    expect(signOf('HEAD', { 'user-agent': firefox })).toBe('head');
  });

  it.each([
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
    ['x-purpose', 'preview'],
  ])('that says %s: %s is a prefetch', (name, value) => {
    expect(signOf('GET', { 'user-agent': firefox, [name]: value })).toBe('prefetch');
  });

  it.each([
    'Mozilla/5.0 (compatible; BarracudaCentral/1.0)',
    'Mozilla/5.0 (Windows NT 10.0) HeadlessChrome/125.0.0.0 Safari/537.36',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'python-requests/2.32.3',
    'curl/8.8.0',
    '',
  ])('by the user agent %j has a sign', (userAgent) => {
    expect(signOf('GET', { 'user-agent': userAgent })).toBe('user-agent');
  });

  it('that changes something is nobody else to count', () => {
    expect(signOf('POST', { 'user-agent': 'curl/8.8.0' })).toBeUndefined();
  });

  it('by a user agent of a megabyte is looked at no longer than another', () => {
    expect(signOf('GET', { 'user-agent': `${'x'.repeat(1_000_000)}bot` })).toBeUndefined();
  });
});
