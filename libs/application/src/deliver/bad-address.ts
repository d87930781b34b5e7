/**
 * Whether a code says that the address or the mailbox itself is at fault (RFC 3463 §3.2, §3.3), and not the message, the
 * sender, a rule or the moment: a full mailbox is emptied, a filter is changed, and the person behind it is still there.
 */
export function isBadAddress(code: string | undefined): boolean {
  return /\b5\.(1\.(1|2|3|6|10)|2\.1)\b/.test(code ?? '');
}
