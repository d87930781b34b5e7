import { holdsCitizenServiceNumber, type Policy } from '@consent-ledger/consent';
import { InvalidAddress, normaliseAddress } from '@consent-ledger/privacy';
import type { Language } from './language.js';
import { statementShownIn, type StatementView } from './statement-view.js';
import type { PageTexts } from './texts.js';
import { shownAgain, typedAddress } from './typed-address.js';

/** What a person filled in on the form, as far as it can be read. */
export interface FilledIn {
  readonly address: string;
  readonly purposes: readonly string[];
}

/** What is wrong with it, by field; each names a text of the page. */
export interface Mistakes {
  readonly address?: 'addressMissing' | 'addressMalformed' | 'addressHoldsBsn';
  readonly purposes?: 'nothingTicked';
}

/** The form as the page shows it; every text is there already. */
export interface SubscribeView {
  readonly address: string;
  readonly purposes: readonly {
    readonly purpose: string;
    readonly name: string;
    readonly description: string | undefined;
    readonly ticked: boolean;
  }[];
  /** What who ticks something says, exactly. */
  readonly statement: StatementView;
  readonly addressMistake: string | undefined;
  readonly purposesMistake: string | undefined;
  readonly statementChanged: boolean;
  readonly isRefused: boolean;
}

const nothingFilledIn: FilledIn = { address: '', purposes: [] };

/** The purposes that a person can subscribe to: those that the statement of the form is about, in the order of the policy. */
export function purposesOffered({ purposes, subscriptionStatement: statement }: Policy): readonly string[] {
  return [...purposes.keys()].filter((purpose) => statement?.covers.includes(purpose));
}

/** What the fields of a form say. A purpose that the page does not offer is not read. */
export function filledIn(fields: Readonly<Record<string, unknown>>, policy: Policy): FilledIn {
  return {
    address: typedAddress(fields),
    purposes: purposesOffered(policy).filter((purpose) => fields[`wants.${purpose}`] === 'yes'),
  };
}

/** The address in normal form, or what is to be mended first. */
export function readForm(form: FilledIn): { readonly address: string } | { readonly mistakes: Mistakes } {
  const address = readAddress(form.address);
  const isNothingTicked = form.purposes.length === 0;
  if ('normal' in address && !isNothingTicked) return { address: address.normal };
  return {
    mistakes: {
      ...('mistake' in address && { address: address.mistake }),
      ...(isNothingTicked && { purposes: 'nothingTicked' }),
    },
  };
}

function readAddress(text: string): { readonly normal: string } | { readonly mistake: Mistakes['address'] & string } {
  if (text === '') return { mistake: 'addressMissing' };
  try {
    const normal = normaliseAddress(text);
    return holdsCitizenServiceNumber(normal) ? { mistake: 'addressHoldsBsn' } : { normal };
  } catch (error) {
    if (!(error instanceof InvalidAddress)) throw error;
    return { mistake: 'addressMalformed' };
  }
}

/** Makes the form ready for its page, in the page's language; `undefined` where the policy offers nothing to subscribe to. */
export function subscribeView(
  policy: Policy,
  language: Language,
  { subscribe: text }: Pick<PageTexts, 'subscribe'>,
  {
    form = nothingFilledIn,
    mistakes = {},
    statementChanged = false,
  }: { readonly form?: FilledIn; readonly mistakes?: Mistakes; readonly statementChanged?: boolean } = {},
): SubscribeView | undefined {
  const { subscriptionStatement: statement, document } = policy;
  if (!statement) return undefined;
  return {
    address: shownAgain(form.address),
    purposes: purposesOffered(policy).map((purpose) => ({
      purpose,
      name: document.purposes[purpose]!.name[language] ?? purpose,
      description: document.purposes[purpose]!.description[language],
      ticked: form.purposes.includes(purpose),
    })),
    statement: statementShownIn(statement, language),
    addressMistake: mistakes.address && text[mistakes.address],
    purposesMistake: mistakes.purposes && text[mistakes.purposes],
    statementChanged,
    isRefused: statementChanged || mistakes.address !== undefined || mistakes.purposes !== undefined,
  };
}
