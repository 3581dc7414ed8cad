import {
  ownTransaction,
  parseScript,
  placeIn,
  type Script,
  type SqlText,
  withoutStatements,
} from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { lossOf } from "#sql/effects/loss.ts";
import {
  cannotRunInTransaction,
  setsTransaction,
  transactionControl,
  type TransactionUse,
  unwrapTransaction,
} from "#sql/classify.ts";
import type { SqlBody } from "./body.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { Section, Sections } from "./sections.ts";
import type { Statement } from "#sql/statement.ts";

/** A SQL file, cut into its ways. */
export interface SqlFile {
  readonly source: SqlText;
  readonly sections: Sections;
  /** The same file with every statement by itself, which takes more memory for a large one. */
  readonly oneByOne: () => SqlFile;
}

/**
 * A way of a SQL migration as it is to be run: in a transaction, outside one, or in the parts that the file cuts it into.
 * @throws ConfitureError `migration_mixed`, `sql_transaction_control`, `sql_psql_command`, `sql_unterminated`, `file_conflict_marker`
 */
export function sqlBody(file: MigrationFile, sql: SqlFile, which: (file: SqlFile) => Section): SqlBody {
  const section = which(sql);
  const script = sectionScript(sql, section);
  const transaction = section.transaction ?? file.transaction;
  const { howToRunOutside, marks } = section;
  const outside = (): SqlBody => {
    const apart = sql.source.outline === undefined ? sql : sql.oneByOne();
    return {
      kind: "sql",
      script: apart === sql ? script : sectionScript(apart, which(apart)),
      transactional: false,
      opening: undefined,
      howToRunOutside,
      marks,
    };
  };
  if (marks?.phase === "expand") requireExpanding(script);
  if (transaction === false) {
    requireCommit(script);
    return outside();
  }
  const use = unwrapTransaction(script.statements);
  // As golang-migrate and sqlx run it.
  if (use.kind === "blocks" && transaction === undefined) return outside();
  if (use.kind === "cut" && transaction === undefined && !use.parts.some(isMixed)) return inParts(outside());
  if (use.kind === "blocks" || use.kind === "cut" || use.kind === "control") {
    throw ownTransaction(script, `Remove it. To control transactions yourself, ${howToRunOutside}`);
  }
  const inner = withoutControl(script, use);
  const loner = inner.statements.find((statement) => cannotRunInTransaction(statement) !== undefined);
  if (loner === undefined) {
    const [first] = inner.statements;
    const modes = use.kind === "wrapped" ? use.modes : "";
    const isSet = modes !== "" || (first !== undefined && setsTransaction(first));
    const opening = isSet ? `begin ${modes}`.trimEnd() : undefined;
    return { kind: "sql", script: inner, transactional: true, opening, howToRunOutside, marks };
  }
  const noneCan = script.statements.every((statement) => cannotRunInTransaction(statement) !== undefined);
  if (noneCan && transaction === undefined) return outside();
  throw new ConfitureError(
    "migration_mixed",
    `${cannotRunInTransaction(loner)} cannot run inside a transaction, which the rest of this migration has`,
    {
      location: placeIn(script, loner.start),
      hint: `Move it to a migration of its own. To run every statement of this one by itself, ${howToRunOutside}`,
    },
  );
}

/** @throws ConfitureError `migration_invalid` for what the release that still runs would miss */
function requireExpanding(script: Script): void {
  for (const statement of script.statements) {
    const words = changesWhatIsThere(statement) ? "changes" : undefined;
    // A trigger or function is made anew by dropping it first.
    const isReplaced =
      /^(?:TRIGGER|FUNCTION|PROCEDURE)$/.test(statement.words[1] ?? "") && statement.firstWord === "DROP";
    const what = isReplaced ? undefined : (lossOf(statement) ?? words);
    if (what === undefined) continue;
    throw new ConfitureError(
      "migration_invalid",
      `A migration with phase:expand only adds, and this ${what === "changes" ? "changes what is there" : what}`,
      {
        location: placeIn(script, statement.start),
        hint: "Move it to the contract of the change: -- migrate:up phase:contract after:VERSION",
      },
    );
  }
}

/** What lets the old release find or get something else, though nothing is lost. */
const CHANGES =
  /^(?:alter .*(?: rename | set not null| drop default| restart)|create (?:or replace )?rule |create or replace (?:temp(?:orary)? )?(?:recursive )?view |select .*\bsetval ?\()/;

function changesWhatIsThere(statement: Statement): boolean {
  if (!/^(?:ALTER|CREATE|SELECT)$/.test(statement.firstWord ?? "")) return false;
  return CHANGES.test(`${statement.tokens().join(" ").toLowerCase()} `);
}

/** Whether statements are to share a transaction that one of them cannot be in. */
function isMixed(part: readonly Statement[]): boolean {
  return part.length > 1 && part.some((statement) => cannotRunInTransaction(statement) !== undefined);
}

/** A way whose COMMIT and BEGIN cut the transaction that its own tool has open around it. */
function inParts(body: SqlBody): SqlBody {
  const use = unwrapTransaction(body.script.statements);
  if (use.kind !== "cut") return body;
  return { ...body, script: { ...withoutStatements(body.script, use.parts.flat(), use.cuts), parts: use.parts } };
}

export function sectionScript({ source }: SqlFile, { text, masked, start, end }: Section): Script {
  return parseScript(text === undefined ? source : { ...source, text, masked: masked ?? [] }, start, end);
}

function withoutControl(script: Script, use: TransactionUse): Script {
  switch (use.kind) {
    case "wrapped":
      return withoutStatements(script, use.inner, [use.begin, use.commit]);
    case "begun":
      return withoutStatements(script, use.inner, use.begins);
    default:
      return script;
  }
}

/** A transaction of the file's own that it never ends: psql would roll it back, and say nothing. */
function requireCommit(script: Script): void {
  const controls = script.statements.filter((statement) => transactionControl(statement) !== undefined);
  const last = controls.at(-1);
  const verb = last === undefined ? undefined : transactionControl(last);
  if (last === undefined || (verb !== "BEGIN" && verb !== "START TRANSACTION")) return;
  throw new ConfitureError("sql_transaction_control", `${verb} without a COMMIT`, {
    location: placeIn(script, last.start),
    hint: "Add the COMMIT, or remove the BEGIN: outside a transaction every statement commits by itself.",
  });
}
