import type { PolicyDocument } from '@consent-ledger/consent';
import { MessageRefused } from './message-refused.js';
import { escapeHtml } from './template-engine.js';
import { attributeOf, piecesOf, visibleHtml } from './visible-html.js';

export interface MessageBodies {
  readonly html: string;
  readonly text: string;
}

/**
 * Refuses a commercial message as it was rendered when its reader would not find the unsubscribe link
 * (`UNSUBSCRIBE_LINK_MISSING`, P4) or the sender's name, postal address, e-mail address and privacy policy
 * (`SENDER_IDENTITY_MISSING`, Tw 11.7) in the HTML and in the plain text.
 */
export function refuseUnlawful(
  { html, text }: MessageBodies,
  unsubscribeUrl: string,
  controller: PolicyDocument['controller'],
): void {
  const visible = visibleHtml(html);
  if (!hasLink(visible, unsubscribeUrl) || !text.includes(unsubscribeUrl))
    throw new MessageRefused(
      'UNSUBSCRIBE_LINK_MISSING',
      'The template shows no unsubscribe link: use the layout, or @unsubscribeUrl, in its HTML and in its plain text.',
    );

  const missing = Object.entries(controller)
    .filter(([, value]) => !visible.includes(escapeHtml(value)) || !text.includes(value))
    .map(([name]) => name);
  if (missing.length > 0)
    throw new MessageRefused(
      'SENDER_IDENTITY_MISSING',
      `The template does not say who sends it: use the layout, or @controller for ${missing.join(', ')}, in its HTML and in its plain text.`,
    );
}

/** Whether a link to this URL is there that a reader can see: with words in it, or a picture that has words for it. */
function hasLink(html: string, url: string): boolean {
  const escaped = escapeHtml(url);
  let inside = false;
  for (const piece of piecesOf(html)) {
    const { kind, element, source } = piece;
    if (element === 'a') inside = kind === 'opening' && attributeOf(piece, 'href') === escaped;
    else if (inside && kind === 'text' && hasWords(source)) return true;
    else if (inside && element === 'img' && hasWords(attributeOf(piece, 'alt') ?? '')) return true;
  }
  return false;
}

/** Whether there is more than spaces, also those that are written as signs. */
function hasWords(text: string): boolean {
  return text.replace(/&(?:nbsp|#160|#xa0|zwnj|#8203|shy|#173);|\u200b|\u00ad/gi, '').trim() !== '';
}
