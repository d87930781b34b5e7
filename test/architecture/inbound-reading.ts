import type { InboundReading as Taken } from '@consent-ledger/application';
import type { InboundReading as Read } from '@consent-ledger/mail';

/** Why a message was left is told to the application in its own words, whatever they are. */
type WithoutReason<R> = Exclude<R, { readonly kind: 'other' }>;
type AreSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** What the mail library reads out of a message is what the application takes; neither may import the other. */
export const areSame: AreSame<WithoutReason<Read>, WithoutReason<Taken>> = true;
