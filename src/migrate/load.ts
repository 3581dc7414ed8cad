import {
  ownTransaction,
  parseScript,
  placeIn,
  type Script,
  type SqlText,
  withoutStatements,
} from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { lossOf } from "#sql/loss.ts";
import { shellWord } from "#errors/shell.ts";
import {
  cannotRunInTransaction,
  setsTransaction,
  transactionControl,
  type TransactionUse,
  unwrapTransaction,
} from "#sql/classify.ts";
import { type Body, lazyMigration, type LoadedMigration, type RefusedBody, type SqlBody } from "./body.ts";
import type { KeptText } from "./ledger/ledger.ts";
import type { MigrationFile } from "./migration-file.ts";
import { languageOf } from "./layouts/foreign-program.ts";
import { emptyMigration, PLACEHOLDER } from "./empty.ts";
import { cutFile } from "./layouts/cut.ts";
import { LAYOUTS } from "./layouts/registry.ts";
import { type MigrationSource, readMigrationSource } from "./migration-source.ts";
import type { Section, Sections } from "./sections.ts";
import type { Statement } from "#sql/statement.ts";
import type { readTypeScriptBackfill } from "./typescript-backfill.ts";
import { callsBackfill } from "./typescript-marks.ts";
import { isBase } from "./version.ts";

/** The checksum of a migration's file. */
export function checksumOfFile(projectDir: string, file: MigrationFile): string {
  return readMigrationSource(projectDir, file.path).checksum;
}

/** What the ledger keeps of a migration's files: a checksum, and their texts where those are texts of some reasonable size. */
export interface Recorded {
  readonly checksum: string;
  readonly kept: KeptText;
}

/** @throws ConfitureError `file_unreadable` */
export function recordedOf(projectDir: string, file: MigrationFile): Recorded {
  return recorded(projectDir, file, readMigrationSource(projectDir, file.path));
}

function recorded(projectDir: string, file: MigrationFile, source: MigrationSource): Recorded {
  const { path, downPath } = file;
  return {
    checksum: source.checksum,
    // Read when it is recorded, and not for whoever only looks.
    get kept() {
      const sourceDown = downPath === undefined ? null : keptOf(projectDir, downPath);
      return { file: path, source: source.kept(), sourceDown };
    },
  };
}

/** What is wrong with a way back stops no way up. */
function keptOf(projectDir: string, path: string): string | null {
  try {
    return readMigrationSource(projectDir, path).kept();
  } catch (error) {
    if (error instanceof ConfitureError) return null;
    throw error;
  }
}

/**
 * Reads a migration. What is wrong with a way of it, and can be known before it runs, is in that way: a `RefusedBody`.
 * @param signal ends the wait for a TypeScript file that does not finish
 * @throws ConfitureError `file_unreadable`, and for TypeScript `migration_invalid`, `migration_failed`, `interrupted`
 */
export async function loadMigration(
  projectDir: string,
  file: MigrationFile,
  signal?: AbortSignal,
): Promise<LoadedMigration> {
  const source = readMigrationSource(projectDir, file.path);
  const kept = recorded(projectDir, file, source);
  if (file.form === "typescript") {
    const { loadTypeScript } = await import("./typescript.ts");
    const { up: code, down } = await loadTypeScript(projectDir, file, signal);
    const text = source.sql("whole").text;
    const up = callsBackfill(text) ? await backfillIn(file.path, code.absolutePath, text, signal) : code;
    return lazyMigration(
      file,
      kept,
      () => up,
      () => down,
    );
  }
  if (file.form === "foreign") {
    const refused: RefusedBody = { kind: "refused", error: foreign(file) };
    return lazyMigration(
      file,
      kept,
      () => refused,
      () => refused,
    );
  }
  const read = once(() => cut(file, source, "up"));
  return lazyMigration(
    file,
    kept,
    () => orRefused(() => requireStatements(file, read())),
    () => (file.form === "sql-pair" ? downFile(projectDir, file) : orRefused(() => downSection(file, read()))),
  );
}

async function backfillIn(...call: Parameters<typeof readTypeScriptBackfill>): Promise<Body> {
  const { readTypeScriptBackfill: read } = await import("./typescript-backfill.ts");
  try {
    return await read(...call);
  } catch (error) {
    if (error instanceof ConfitureError && error.code !== "interrupted") return { kind: "refused", error };
    throw error;
  }
}

/** The ways that a SQL migration would have if this were its text. */
export function waysOfText(file: MigrationFile, text: string): { readonly up: Body; readonly down: Body | undefined } {
  const read = once((): SqlFile => {
    const source: SqlText = { file: file.path, text };
    const sql: SqlFile = { source, sections: cutFile(file, source, "up"), oneByOne: () => sql };
    return sql;
  });
  return { up: orRefused(() => upBody(file, read())), down: orRefused(() => downSection(file, read())) };
}

/** A SQL file, cut into its ways. */
interface SqlFile {
  readonly source: SqlText;
  readonly sections: Sections;
  /** The same file with every statement by itself, which takes more memory for a large one. */
  readonly oneByOne: () => SqlFile;
}

function cut(file: MigrationFile, source: MigrationSource, opening: "up" | "down"): SqlFile {
  const read = (how: "together" | "apart" | "whole"): SqlFile => {
    const sql = source.sql(how);
    return { source: sql, sections: cutFile(file, sql, opening), oneByOne: once(() => read("apart")) };
  };
  const { template } = LAYOUTS[file.layout];
  // It is looked for in the middle of data as well.
  return read(template !== undefined && source.holds(template) ? "whole" : "together");
}

function upBody(file: MigrationFile, sql: SqlFile): Body {
  const { path } = file;
  if (file.form === "sql-pair" && sql.sections.down !== undefined) {
    throw new ConfitureError("migration_invalid", `${path} has a \`-- migrate:down\` section`, {
      hint: "A .up.sql file has its way back in the .down.sql beside it.",
      location: { file: path },
    });
  }
  return sqlBody(file, sql, ({ sections }) => sections.main);
}

/**
 * The way up, with something in it. Files of other tools, a pair's, and a base before which there is nothing may be empty on
 * purpose; one that still holds the template never is.
 * @throws ConfitureError `migration_empty`
 */
function requireStatements(file: MigrationFile, sql: SqlFile): Body {
  const body = upBody(file, sql);
  if (body.kind !== "sql" || body.script.statements.length > 0) return body;
  const mayBeEmpty = file.layout !== "confiture" || file.form === "sql-pair" || isBase(file.version);
  if (mayBeEmpty && !body.script.text.includes(PLACEHOLDER)) return body;
  const { down } = sql.sections;
  throw emptyMigration(file.path, down !== undefined && sectionScript(sql, down).statements.length > 0);
}

function downSection(file: MigrationFile, sql: SqlFile): Body | undefined {
  return sql.sections.down === undefined ? undefined : sqlBody(file, sql, ({ sections }) => sections.down!);
}

function downFile(projectDir: string, file: MigrationFile): Body | undefined {
  const { downPath } = file;
  if (downPath === undefined) return undefined;
  return orRefused(() => {
    return sqlBody(file, cut(file, readMigrationSource(projectDir, downPath), "down"), ({ sections }) => sections.main);
  });
}

function foreign({ path, version }: MigrationFile): ConfitureError {
  return new ConfitureError("migration_foreign", `${path} is ${languageOf(path)}, which cannot run here`, {
    hint: `What comes after it may need what it does. Run it with its own tool, then record it: confiture migrate resolve ${shellWord(version)} --applied\nOr rewrite it in SQL.`,
    location: { file: path },
  });
}

function orRefused<B extends Body | undefined>(read: () => B): B | RefusedBody {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfitureError) return { kind: "refused", error };
    throw error;
  }
}

function once<T>(read: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => (value ??= { it: read() }).it;
}

/**
 * @throws ConfitureError `migration_mixed`, `sql_transaction_control`, `sql_psql_command`, `sql_unterminated`, `file_conflict_marker`
 */
function sqlBody(file: MigrationFile, sql: SqlFile, which: (file: SqlFile) => Section): SqlBody {
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

function sectionScript({ source }: SqlFile, { text, masked, start, end }: Section): Script {
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
