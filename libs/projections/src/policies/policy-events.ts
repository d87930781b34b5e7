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
  PolicyPublished: {
    document: PolicyDocument;
    /** In force from before its publication, so that it judges anew what was judged already. */
    forced?: true;
    /** Why it was published, as the operator put it; always there when it was forced. */
    reason?: string;
  };
}
