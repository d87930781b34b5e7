/** The settings that are read here, as they stand in the environment. */
export interface InboundEnvironment {
  readonly MAIL_BOUNCES?: string;
  readonly MAIL_UNSUBSCRIBE?: string;
  readonly INBOUND_SMTP_PORT?: number;
  readonly INBOUND_SMTP_CERT?: string;
  readonly INBOUND_SMTP_KEY?: string;
}

/** RFC 5321 §4.5.3.1.1 allows 64 octets, of which the mark of a delivery and its plus sign take 44. */
const MAX_BOUNCES_LOCAL_OCTETS = 20;

/** What is wrong with the settings of mail that comes in, in words. */
export function inboundFaults({
  MAIL_BOUNCES,
  MAIL_UNSUBSCRIBE,
  INBOUND_SMTP_PORT,
  INBOUND_SMTP_CERT,
  INBOUND_SMTP_KEY,
}: InboundEnvironment): string[] {
  const faults: string[] = [];
  const local = MAIL_BOUNCES?.slice(0, MAIL_BOUNCES.lastIndexOf('@')) ?? '';
  if (Buffer.byteLength(local) > MAX_BOUNCES_LOCAL_OCTETS || !/^[\w.-]*$/.test(local))
    faults.push(
      `MAIL_BOUNCES must have at most ${MAX_BOUNCES_LOCAL_OCTETS} letters, digits, "-", "_" or "." before the @: the mark of a message is added there`,
    );
  if (INBOUND_SMTP_PORT !== undefined && MAIL_BOUNCES === undefined && MAIL_UNSUBSCRIBE === undefined)
    faults.push('INBOUND_SMTP_PORT needs MAIL_BOUNCES or MAIL_UNSUBSCRIBE: mail is taken for these addresses only');
  if ((INBOUND_SMTP_CERT === undefined) !== (INBOUND_SMTP_KEY === undefined))
    faults.push('INBOUND_SMTP_CERT and INBOUND_SMTP_KEY go together: STARTTLS needs both');
  return faults;
}
