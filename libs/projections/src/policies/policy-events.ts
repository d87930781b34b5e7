import type { PolicyDocument } from '@consent-ledger/consent';

const PREFIX = 'policy-';

/** The stream that holds every published version of a policy. */
export function policyStream(policyId: string): string {
  return PREFIX + policyId;
}

/** Whether a stream holds versions of a policy. */
export function isPolicyStream(streamId: string): boolean {
  return streamId.startsWith(PREFIX);
}

/** The events of a policy's stream. */
export interface PolicyEventData {
  PolicyPublished: { document: PolicyDocument };
}
