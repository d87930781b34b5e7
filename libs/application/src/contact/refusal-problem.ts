import { tellGround, type Refusal } from '@consent-ledger/consent';
import { Problem, type ProblemCode } from '@consent-ledger/platform';

/** The problem that a refusal is told as. */
export function refusalProblem({ code, detail, purposes, grounds }: Refusal): Problem {
  const errors =
    purposes?.map((purpose) => ({ field: 'purposes', message: `${purpose}: ${code}` })) ??
    grounds?.map((ground) => ({ field: 'reason', message: tellGround(ground) }));
  return new Problem(code satisfies ProblemCode, detail, errors);
}
