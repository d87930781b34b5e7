import { describe, expect, it } from '@jest/globals';
import { statusFrom } from './status-code.js';

const mark = 'agl2his3dsgs5hzqjjnwy7mot4.kcvk4igoofk76oj2';
const bounces = `bounces+${mark}@mail.example.nl`;

describe('the status of a delivery that failed', () => {
  it.each([
    [
      '5.0.0',
      `smtp; 550-Verification failed for <${bounces}> 550-The mail server could not deliver mail. No Such User Here 550 Sender verify failed`,
    ],
    ['5.0.0', 'smtp; 550-Verification failed for <nieuws@example.nl> 550-No Such User Here 550 Sender verify failed'],
    [
      '5.1.1',
      'smtp; 550-Callback setup failed while verifying <nieuws@example.nl> 550-Response: 550 5.1.1 user unknown 550 Sender verify failed',
    ],
    ['5.0.0', 'smtp; 550 Sender address rejected: user unknown'],
    ['5.1.1', 'smtp; 550 5.1.1 <nieuws@example.nl>: Sender address rejected: User unknown in virtual mailbox table'],
    ['5.0.0', 'smtp; 554 Your account does not exist or is not allowed to send; authenticate first'],
    ['5.0.0', 'smtp; 550 Sender domain/address not found in DNS'],
    ['5.1.0', 'smtp; 550 5.1.0 <nieuws@example.nl> sender address unknown'],
    ['5.0.0', `smtp; 550 <${bounces}>: user unknown`],
    ['5.1.1', `smtp; 550 5.1.1 <${bounces}>: user unknown`],
    ['5.0.0', 'smtp; 550 The sender user unknown'],
    ['5.0.0', 'smtp; 550 Message rejected, mail from unknown user'],
    [undefined, 'SMTP error from remote mail server after MAIL FROM:<nieuws@example.nl>: 550 5.1.1 no such user'],
  ])('is none of the recipient where the server speaks of the sender (P1): %s %s', (reported, words) => {
    expect(statusFrom(reported, words) ?? '').not.toMatch(/^5\.(1\.(1|2|3|6|10)|2\.1)$/);
  });

  it.each([
    ['5.0.0', 'smtp; 550 No such user here', '5.1.1'],
    [undefined, 'Returned to sender: user unknown', '5.1.1'],
    ['5.1.1', 'smtp; 550 5.1.1 <jansen@example.com>: Recipient address rejected: User unknown', '5.1.1'],
    ['5.1.1', 'smtp; 550 5.1.1 Recipient address rejected: recipient address verification failed', '5.1.1'],
    ['5.1.1', 'smtp; 550 5.1.1 No such user; the sender should verify the address', '5.1.1'],
    [undefined, `From <${bounces}> to <jansen@example.com>: 550 No such user`, '5.1.1'],
    ['5.0.0', 'smtp; 550 5.1.8 Sender domain not found', '5.1.8'],
    ['4.0.0', 'smtp; 451 4.7.1 Sender verify deferred', '4.7.1'],
  ])('is what codes and words say of the recipient: %s %s', (reported, words, status) => {
    expect(statusFrom(reported, words)).toBe(status);
  });
});
