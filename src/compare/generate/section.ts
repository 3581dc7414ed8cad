import { unquoteNames } from "#sql/lexer/unquote.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { exposuresOf } from "../plan/exposures.ts";
import type { Facts } from "../engine/facts.ts";
import { encodeId } from "../engine/object-id.ts";
import type { Effects } from "./effects.ts";
import { MadeAnew } from "./made-anew.ts";

/** A statement of a plan that was run. */
export interface MeasuredStatement extends PlannedStatement {
  readonly effects: Effects;
  /** How to do without what it does to a table in use. */
  readonly advice?: string;
}

/** One direction of a migration. */
export interface Section {
  readonly statements: readonly MeasuredStatement[];
  /** Whether all of it is one transaction, or each statement one of its own. */
  readonly transactional: boolean;
  /** What stands behind the marker of its file beside that: "phase:expand change:users_name". */
  readonly marker?: string;
}

/** With names in quotes only where they need them, as it goes into a file; what the schema files say stays as it is. Pure. */
export function written(section: Section): Section {
  const statements = section.statements.map((statement) => ({
    ...statement,
    ...(statement.planned === undefined
      ? { sql: unquoteNames(statement.sql) }
      : { planned: unquoteNames(statement.planned) }),
    ...(statement.apart === undefined
      ? {}
      : { apart: statement.apart.map((part) => ({ ...part, sql: unquoteNames(part.sql) })) }),
    ...(statement.behind === undefined ? {} : { behind: statement.behind.map(unquoteNames) }),
  }));
  return { ...section, statements };
}

/** A section with every statement in the planner's words, none in those of the schema files. Pure. */
export function inPlannersWords(section: Section): Section {
  const statements = section.statements.map(({ planned, ...statement }) =>
    planned === undefined ? statement : { ...statement, sql: planned },
  );
  return { ...section, statements };
}

/** With warnings where somebody may see or do more than before, each once. Pure. */
export function guarded(section: Section, from: Facts, to: Facts): Section {
  const said = new Set<string>();
  const anew = new MadeAnew((id) => from.has(id));
  const statements = section.statements.map((statement) => {
    const [subject] = [...statement.makes, ...statement.removes, ...statement.needs];
    const security = exposuresOf(statement, { from, to, anew: anew.by(statement) }).filter((hazard) => {
      const key = `${subject === undefined ? "" : encodeId(subject)} ${JSON.stringify(hazard)}`;
      return !said.has(key) && said.add(key);
    });
    return security.length === 0 ? statement : { ...statement, security };
  });
  return { ...section, statements };
}
