import { readBlocks, type Fields } from './fields.js';
import { partOf, type Mail } from './mail.js';
import { statusFrom } from './status-code.js';
import { readTextReport, type DeliveryReport } from './text-report.js';

export type { DeliveryReport } from './text-report.js';

/** The report in a message: by its own part (RFC 3464, RFC 6533), or in the words of a server that writes none. */
export function readDeliveryReport(mail: Mail): DeliveryReport | undefined {
  const part = partOf(mail, 'message/delivery-status', 'message/global-delivery-status');
  return (part && readStatusPart(part.content)) ?? readTextReport(mail);
}

/** Of several recipients the mildest fate counts: a message of ours has one, and an alias that reaches anybody is alive. */
function readStatusPart(content: string): DeliveryReport | undefined {
  const reports = readBlocks(content).flatMap(readRecipient);
  const mildest = ['delivered', 'delayed', 'failed'] as const;
  for (const action of mildest) {
    const found = reports.filter((report) => report.action === action);
    if (found.length > 0) return found.find(({ status }) => status === undefined) ?? found[0];
  }
  return undefined;
}

function readRecipient(block: Fields): DeliveryReport[] {
  const reported = block.first('status');
  const told = block.first('action');
  if (told === undefined && reported === undefined) return [];
  const action = actionOf(told, reported);
  const status = statusFrom(reported, block.first('diagnostic-code') ?? '');
  return action === undefined ? [] : [{ action, ...(status !== undefined && { status }) }];
}

function actionOf(told = '', reported = ''): DeliveryReport['action'] | undefined {
  if (/^fail/i.test(told)) return 'failed';
  if (/^delay/i.test(told)) return 'delayed';
  if (/^(delivered|relayed|expanded)/i.test(told)) return 'delivered';
  if (/^5/.test(reported)) return 'failed';
  return /^4/.test(reported) ? 'delayed' : undefined;
}
