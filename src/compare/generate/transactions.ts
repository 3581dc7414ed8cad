import type { PlannedStatement } from "../plan/statement.ts";
import type { Section } from "./section.ts";

/**
 * What can run in one transaction, from the beginning. New values of enums come first and alone: they need nothing
 * that a plan makes, and whatever uses them needs a COMMIT in between. Pure.
 */
export function firstTransaction(statements: readonly PlannedStatement[]): readonly PlannedStatement[] {
  const newValues = statements.filter(({ endsTransaction }) => endsTransaction);
  if (newValues.length > 0) return newValues;
  const boundary = statements.findIndex(({ startsTransaction }, index) => index > 0 && startsTransaction);
  return boundary < 0 ? statements : statements.slice(0, boundary);
}

/** The same for one file, whose statements run one by one. Pure. */
export function newValuesFirst(statements: readonly PlannedStatement[]): PlannedStatement[] {
  return [
    ...statements.filter(({ endsTransaction }) => endsTransaction),
    ...statements.filter(({ endsTransaction }) => !endsTransaction),
  ];
}

/** Whether a value of an enum is written anywhere but where it is added. Pure. */
export function useNewValues(statements: readonly PlannedStatement[]): boolean {
  return statements.some(({ sql, endsTransaction }) => {
    const value = endsTransaction ? NEW_VALUE.exec(sql)?.[1] : undefined;
    return value !== undefined && statements.some((other) => !other.endsTransaction && other.sql.includes(value));
  });
}

const NEW_VALUE = / ADD VALUE ('(?:[^']|'')*')/;

/** Whether a file can go on with what comes next, in one transaction. Pure. */
export function canShareTransaction(before: Section, after: Section): boolean {
  return (
    before.transactional &&
    after.transactional &&
    !before.statements.some(({ endsTransaction }) => endsTransaction) &&
    !after.statements.some(({ startsTransaction }) => startsTransaction)
  );
}
