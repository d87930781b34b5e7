export {
  InvalidClaim,
  stoppedBy,
  type ClaimsOf,
  type LinkClaims,
  type LinkKind,
  type MailedKind,
} from './link-claims.js';
export * from './links.js';
export * from './return-paths.js';
