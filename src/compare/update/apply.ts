import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type PlannedStatement, statementOf, textsOf } from "../plan/statement.ts";
import { inHouseStyle } from "../plan/house-style.ts";
import { asReadBack } from "../plan/reread.ts";
import type { Done, How, Planned, Work } from "./edits/edit.ts";
import { EDIT_KINDS } from "./edits/registry.ts";
import { besideUsers } from "./beside-users.ts";
import { guarded, guardHabitOf, isGuarded } from "./if-not-exists.ts";
import { inside, type Parser } from "#sql/parser.ts";
import { type Newcomer, place, placeLast } from "./place.ts";
import type { SchemaTree } from "./schema-tree.ts";
import { styleOf } from "./style.ts";
import { readStatement } from "../sources/readings.ts";
import { keyOf, nameOf, type Subject, subjectOfId, wholeOf } from "../sources/subjects.ts";
import type { Wording } from "./wording.ts";

/**
 * How far an edit has been pushed: `worded` in place and in the words of the migrations, `planned` in the planner's,
 * `appended` as the planned statement behind what it is about, `last` behind everything.
 */
export const LEVELS = ["worded", "planned", "appended", "last"] as const;
export type Level = (typeof LEVELS)[number];

/** What was done about one planned statement. */
export interface Edit {
  /** The same for statements about the same object. */
  readonly key: string;
  /** In PostgreSQL's words, and qualified, for people. */
  readonly name: string;
  readonly how: How;
  readonly file: string;
  readonly level: Level;
  /** What the statement makes or is about. */
  readonly subjects: readonly Subject[];
  /** The tables and views among them, or that they are parts of. */
  readonly tables: readonly Subject[];
  /** The planned statement. */
  readonly sql: string;
  /** The text that came into the file as statements of its own, without the last semicolon; undefined where others were edited. */
  readonly written?: string | undefined;
}

export interface ApplyOptions {
  readonly from: Catalogue;
  readonly to: Catalogue;
  readonly wording: Wording;
  /** Of what was tried before, by an edit's key. */
  readonly levels: ReadonlyMap<string, Level>;
}

/** Makes the files follow a plan, statement by statement. */
export function applyPlan(tree: SchemaTree, plan: readonly Planned[], options: ApplyOptions): Edit[] {
  const { levels } = options;
  const style = styleOf(tree);
  const passesOver = guardHabitOf(tree);
  const edits: Edit[] = [];
  for (const planned of plan) {
    // Settings of the plan itself.
    if (inside(planned.node, "VariableSetStmt") !== undefined) continue;
    const key = keyOfPlanned(planned);
    // What needs a setting would mean something else inside another statement, or in other words.
    const level = levels.get(key) ?? (planned.setting === undefined ? "worded" : "appended");
    let written: string | undefined;
    const makes = planned.reading?.makes;
    const isGuardedThere = makes !== undefined && isGuarded(options.wording.statement(makes));
    const withGuard = (sql: string): string => (isGuardedThere || passesOver(sql) ? guarded(sql) : sql);
    const placed = (newcomer: Newcomer): string | undefined => {
      written = withGuard(newcomer.sql);
      return place(tree, { ...newcomer, sql: written });
    };
    const work: Work = {
      tree,
      style,
      wording: level === "worded" ? options.wording : undefined,
      wordingOf: (subject) => ((levels.get(keyOf(subject)) ?? "worded") === "worded" ? options.wording : undefined),
      from: options.from.facts,
      to: options.to.facts,
      plan,
      place: (newcomer: Newcomer) => placed(newcomer)!,
      placeStrictly: (newcomer: Newcomer) => placed({ ...newcomer, strict: true }),
    };
    const { how, file } = level === "worded" || level === "planned" ? inPlace(planned, work) : append(planned);
    if (how === "none" || file === undefined) continue;
    const { subject, reading, sql: plannedSql } = planned;
    const subjects = [reading?.makes, ...(reading?.about ?? []), subject].filter((each) => each !== undefined);
    const tables = subjects.map(wholeOf).filter(({ kind }) => kind === "relation");
    const name = subject === undefined ? plannedSql : nameOf(subject);
    edits.push({ key, name, how, file, level, subjects, tables, sql: plannedSql, written });

    function append({ sql, setting, subject: on, needs, isImplied }: Planned): Done {
      if (isImplied) return { how: "none", file: undefined };
      const text = textsOf({ sql, setting })
        .map((each) => withGuard(inHouseStyle(asReadBack(each), tree.parser)))
        .join(";\n\n");
      written = text;
      const newcomer = { sql: text, kind: "alter", makes: undefined, on, needs };
      return { how: "appended", file: level === "last" ? placeLast(tree, text) : place(tree, newcomer)! };
    }
  }
  return besideUsers(tree, edits);
}

/** An object that was edited again is told of once, by what was done last. */
export function merged(before: readonly Edit[], after: readonly Edit[]): readonly Edit[] {
  const again = new Set(after.map(({ key }) => key));
  return [...before.filter(({ key, level }) => !again.has(key) || level === "worded"), ...after];
}

function inPlace(planned: Planned, work: Work): Done {
  const { tree, style } = work;
  for (const kind of EDIT_KINDS) {
    const saved = tree.save();
    const done = kind.edit(planned, work);
    if (done !== undefined) return done;
    tree.restore(saved);
  }
  if (planned.isImplied) return { how: "none", file: undefined };
  const { reading, makes, subject } = planned;
  const isNew = reading?.makes !== undefined;
  const file = work.place({
    sql: style.statement(planned.sql),
    kind: reading?.kind ?? "alter",
    makes: reading?.makes,
    on: isNew && makes.every((id) => !("table" in id)) ? undefined : subject,
    needs: planned.needs,
  });
  return { how: isNew ? "added" : "appended", file };
}

/** Statements about the same object are pushed further together. */
export function keyOfPlanned({ subject, sql }: Planned): string {
  return subject === undefined ? sql : keyOf(subject);
}

/** Reads a plan, and adds what goes without a statement of its own: indexes and constraints of dropped columns. */
export function readPlan(
  parser: Parser,
  statements: readonly PlannedStatement[],
  from: Catalogue,
  to: Catalogue,
): Planned[] {
  const named = new Set(statements.flatMap(({ removes }) => removes.map(encodeId)));
  const gone = from.facts.facts().flatMap(({ id, parent }): PlannedStatement[] => {
    if (to.facts.has(id) || named.has(encodeId(id))) return [];
    if (parent !== undefined && !to.facts.has(parent)) return [];
    if (id.kind === "index")
      return [{ ...statementOf(`DROP INDEX ${quoteQualified(id.schema, id.name)}`), removes: [id] }];
    if (id.kind !== "constraint") return [];
    const table = quoteQualified(id.schema, id.table);
    return [{ ...statementOf(`ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(id.name)}`), removes: [id] }];
  });
  return [
    ...gone.flatMap((statement) => readPlanned(parser, statement, true)),
    ...statements.flatMap((statement) => readPlanned(parser, statement, false)),
  ];
}

function readPlanned(parser: Parser, statement: PlannedStatement, isImplied: boolean): Planned[] {
  const { sql, setting, makes, removes, needs } = statement;
  const node = parser.parse(sql);
  if (node === undefined)
    return [{ sql, setting, node: {} as Planned["node"], ...NOTHING_READ, makes, removes, needs: [], isImplied }];
  const reading = readStatement(node, (schema) => schema ?? "public");
  const commands = (inside(node, "AlterTableStmt")?.cmds ?? []).flatMap((each) => inside(each, "AlterTableCmd") ?? []);
  const subject = reading?.makes ?? reading?.about[0] ?? firstSubject([...makes, ...removes]);
  const required = needs.flatMap((id) => subjectOfId(id) ?? []);
  const command = commands.length === 1 ? commands[0] : undefined;
  return [{ sql, setting, node, reading, subject, command, makes, removes, needs: required, isImplied }];
}

const NOTHING_READ = { reading: undefined, subject: undefined, command: undefined };

function firstSubject(ids: readonly ObjectId[]): Planned["subject"] {
  return ids.flatMap((id) => subjectOfId(id) ?? [])[0];
}
