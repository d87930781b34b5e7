import type { Preferences } from '@consent-ledger/application';
import type { KnownContacts } from '@consent-ledger/messaging';

/** The preferences as the relay looks at them. */
export function knownContacts(preferences: Preferences): KnownContacts {
  return {
    get position() {
      return preferences.position;
    },
    get eventId() {
      return preferences.eventId;
    },
    async reach(position) {
      preferences.requireLive();
      await preferences.reach(position);
    },
    find: (contactId) => preferences.find(contactId),
    page: (after, limit) => preferences.page(after, limit),
  };
}
