import { SetMetadata } from '@nestjs/common';
import type { Scope } from '@consent-ledger/platform';

export const ACCESS = Symbol('Access');

/** What a route asks of who calls it: nothing, any key, or a key with one of these scopes. A route that says nothing is shut. */
export type Access = 'open' | 'any-key' | readonly Scope[] | InBrowser;

/** A page that changes nothing, which a key with one of these scopes may also open as the password of Basic. */
export interface InBrowser {
  readonly inBrowser: readonly Scope[];
}

/** Only a key with one of these scopes may call the route. */
export const RequireScope = (...scopes: readonly [Scope, ...Scope[]]) => SetMetadata(ACCESS, scopes satisfies Access);

/** Only a key with one of these scopes may open the page, and a browser may send it as a password. */
export const RequireScopeInBrowser = (...scopes: readonly [Scope, ...Scope[]]) =>
  SetMetadata(ACCESS, { inBrowser: scopes } satisfies Access);

/** Any valid key may call the route. */
export const RequireKey = () => SetMetadata(ACCESS, 'any-key' satisfies Access);

/** Anybody may call the route: recipients' pages and health only. */
export const Open = () => SetMetadata(ACCESS, 'open' satisfies Access);
