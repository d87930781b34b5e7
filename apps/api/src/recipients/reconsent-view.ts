import type { AskedAbout, QuestionAnswer } from '@consent-ledger/application';
import { NEVER, type PolicyHistory, type StatementName } from '@consent-ledger/consent';
import { dateInWords } from '@consent-ledger/platform';
import type { Language } from './language.js';
import { purposeName } from './purpose-names.js';
import { texts } from './texts.js';

/** What a page with a question has to say beside it. */
export type QuestionNote = 'nothingChosen' | 'tooLate' | 'statementChanged';

/** A question as the page shows it; every text is there already. */
export interface QuestionView {
  readonly title: string;
  readonly intro: string;
  readonly note: string | undefined;
  readonly purposes: readonly PurposeView[];
  /** What a yes says, exactly; absent where no purpose can be answered with yes. */
  readonly statement: (StatementName & { readonly text: string }) | undefined;
  readonly canAnswer: boolean;
}

interface PurposeView {
  readonly purpose: string;
  readonly name: string;
  readonly description: string | undefined;
  /** How it stands, in words. */
  readonly standing: string;
  readonly canSayYes: boolean;
  readonly canSayNo: boolean;
}

/** Makes a question ready for its page, in the page's language. */
export function viewOf(
  { purposes, policy }: QuestionAnswer,
  history: PolicyHistory,
  language: Language,
  note: QuestionNote | undefined,
): QuestionView {
  const text = texts[language].reconsent;
  const statement = policy.renewalStatement;
  const views = purposes.map((about): PurposeView => {
    const { purpose, standing } = about;
    return {
      purpose,
      name: purposeName(policy, history, purpose, language) ?? purpose,
      description: policy.document.purposes[purpose]?.description[language],
      standing: standing === 'open' ? untilInWords(about, language, policy.calendar.timeZone) : text[standing],
      canSayYes: standing === 'open' && statement?.covers.includes(purpose) === true,
      canSayNo: standing !== 'stopped',
    };
  });
  const state = stateOf(purposes);
  return {
    title: text.titles[state],
    intro: text.intros[state],
    note: note && text[note],
    purposes: views,
    statement: views.some(({ canSayYes }) => canSayYes) ? shown(statement!, language) : undefined,
    canAnswer: views.some(({ canSayNo }) => canSayNo),
  };
}

function stateOf(purposes: readonly AskedAbout[]): 'open' | 'ended' | 'answered' {
  if (purposes.some(({ standing }) => standing === 'open')) return 'open';
  return purposes.some(({ standing }) => standing === 'ended') ? 'ended' : 'answered';
}

function untilInWords({ endsAt }: AskedAbout, language: Language, timeZone: string): string {
  const { open, until } = texts[language].reconsent;
  return endsAt === undefined || endsAt === NEVER ? open : `${until} ${dateInWords(endsAt, language, timeZone)}.`;
}

/** The statement in the page's language, or in its first where it is not there in that one. */
function shown(
  { id, version, texts }: NonNullable<QuestionAnswer['policy']['renewalStatement']>,
  wanted: Language,
): QuestionView['statement'] {
  const language = wanted in texts ? wanted : Object.keys(texts)[0]!;
  return { id, version, language, text: texts[language]! };
}

/** What a person answers: a yes or a no per purpose of the question, or a no to everything. Of both, the no counts. */
export function answersIn(
  fields: Readonly<Record<string, unknown>>,
  { purposes }: QuestionAnswer,
): { readonly yes: readonly string[]; readonly no: readonly string[] | 'all' } {
  if (fields['all'] === 'no') return { yes: [], no: 'all' };
  const said = (answer: string) =>
    purposes.map(({ purpose }) => purpose).filter((purpose) => [fields[`answer.${purpose}`]].flat().includes(answer));
  const no = said('no');
  return { yes: said('yes').filter((purpose) => !no.includes(purpose)), no };
}

/** The statement that the answered page showed; `undefined` when the form does not say. */
export function statementIn(fields: Readonly<Record<string, unknown>>): StatementName | undefined {
  const { statement: id, version, language } = fields;
  if (typeof id !== 'string' || typeof version !== 'string' || typeof language !== 'string') return undefined;
  return { id, version: Number(version), language };
}
