import type { AskedAbout, QuestionAnswer } from '@consent-ledger/application';
import { NEVER, type PolicyHistory } from '@consent-ledger/consent';
import { dateInWords } from '@consent-ledger/platform';
import type { Language } from './language.js';
import { purposeName } from './purpose-names.js';
import { statementShownIn, type StatementView } from './statement-view.js';
import type { PageTexts } from './texts.js';

/** What a page with a question has to say beside it. */
export type QuestionNote = 'nothingChosen' | 'tooLate' | 'statementChanged';

/** A question as the page shows it; every text is there already. */
export interface QuestionView {
  readonly title: string;
  readonly intro: string;
  readonly note: string | undefined;
  readonly purposes: readonly PurposeView[];
  /** What a yes says, exactly; absent where no purpose can be answered with yes. */
  readonly statement: StatementView | undefined;
  readonly canAnswer: boolean;
  /** No yes counts any more: who wants the messages subscribes again. */
  readonly hasEnded: boolean;
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
  { reconsent: text }: Pick<PageTexts, 'reconsent'>,
  note: QuestionNote | undefined,
): QuestionView {
  const statement = policy.renewalStatement;
  const views = purposes.map((about): PurposeView => {
    const { purpose, standing } = about;
    return {
      purpose,
      name: purposeName(policy, history, purpose, language) ?? purpose,
      description: policy.document.purposes[purpose]?.description[language],
      standing: standing === 'open' ? untilInWords(about, language, text, policy.calendar.timeZone) : text[standing],
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
    statement: views.some(({ canSayYes }) => canSayYes) ? statementShownIn(statement!, language) : undefined,
    hasEnded: state === 'ended',
    canAnswer: views.some(({ canSayNo }) => canSayNo),
  };
}

function stateOf(purposes: readonly AskedAbout[]): 'open' | 'ended' | 'answered' {
  if (purposes.some(({ standing }) => standing === 'open')) return 'open';
  return purposes.some(({ standing }) => standing === 'ended') ? 'ended' : 'answered';
}

function untilInWords(
  { endsAt }: AskedAbout,
  language: Language,
  { open, until }: PageTexts['reconsent'],
  timeZone: string,
): string {
  return endsAt === undefined || endsAt === NEVER ? open : `${until} ${dateInWords(endsAt, language, timeZone)}.`;
}

/** What a person says of each purpose of a question; of the rest nothing. */
export interface Answers {
  readonly yes: readonly string[];
  readonly no: readonly string[] | 'all';
}

/** What a person answers: a yes or a no per purpose of the question, or a no to everything. Of both, the no counts. */
export function answersIn(fields: Readonly<Record<string, unknown>>, { purposes }: QuestionAnswer): Answers {
  if (fields['all'] === 'no') return { yes: [], no: 'all' };
  const said = (answer: string) =>
    purposes.map(({ purpose }) => purpose).filter((purpose) => [fields[`answer.${purpose}`]].flat().includes(answer));
  const no = said('no');
  return { yes: said('yes').filter((purpose) => !no.includes(purpose)), no };
}
