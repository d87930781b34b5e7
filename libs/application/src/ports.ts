/** The tokens by which ports are injected: an interface leaves no trace at run time that a container could find. */
export const CONFIGURATION = Symbol('Configuration');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
export const EVENT_STORE = Symbol('EventStore');
export const KEY_VAULT = Symbol('KeyVault');
export const PERSONAL_DATA = Symbol('PersonalData');
export const START_SEALING = Symbol('StartSealing');
export const CONTACT_IDS = Symbol('ContactIds');
export const LINKS = Symbol('Links');
export const RETURN_PATHS = Symbol('ReturnPaths');
export const PUBLIC_URL = Symbol('PublicUrl');
export const POLICIES = Symbol('PolicyShelf');
export const TEMPLATES = Symbol('TemplateShelf');
export const LEDGER = Symbol('Ledger');
