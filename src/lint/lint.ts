import { createHash } from "node:crypto";
import { giveBackMemory } from "#compare/engine/memory.ts";
import type { Relation, StatementFacts } from "#compare/trace/facts.ts";
import { sizesByName } from "#compare/trace/impact.ts";
import type { Sizes } from "#compare/trace/sizes.ts";
import { inside, offsetOfByte, type Node, type RangeVar } from "#sql/parser.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import type { LintFile, LintStatement, Transaction } from "./file.ts";
import type { Finding, Known } from "./finding.ts";
import { applyIgnores } from "./ignores.ts";
import { locksTaken } from "./locks.ts";
import { RULES } from "./registry.ts";
import type { Context, Found, Rule, TableLock } from "./rule.ts";
import type { Severity } from "./severity.ts";
import { isTemporary, nameOf } from "./syntax.ts";
import { World } from "./world/world.ts";

/** After so many statements, or one of so many UTF-16 units, what looking at them has left behind is looked at. */
const BREATH = 200;
const LONG = 1 << 20;

type Unprinted = Omit<Finding, "fingerprint">;

/** A file in the order in which the files run. */
export interface Entry {
  readonly file: LintFile;
  /** Whether rules look at it; the others only tell what is there. */
  readonly isLinted: boolean;
  /** It has nothing to do with the other files: neither they nor the project tell what is there. */
  readonly isAlone?: boolean;
}

export interface LintOptions {
  /** Whether the linted files are applied one after the other, so that no application uses what one of them made. */
  readonly together: boolean;
  /** What a rule is set to, by its id; a rule's own severity where nothing is said. */
  readonly severities?: ReadonlyMap<string, Severity | "off"> | undefined;
  /** Undefined where nothing was run. */
  readonly factsOf?: ((statement: LintStatement) => StatementFacts | undefined) | undefined;
  /** What is known of the database in which it is to run. */
  readonly sizes?: Sizes | undefined;
  /** That database stands in for servers, of which nobody knows the version. */
  readonly isStandIn?: boolean | undefined;
}

export interface LintResult {
  /** By file, and in it by place. */
  readonly findings: readonly Finding[];
  /** How many more there would be without comments that ignore them. */
  readonly ignored: number;
}

/** What the rules find in files. Pure. */
export function lint(entries: readonly Entry[], options: LintOptions): LintResult {
  const sizeOf = sizesByName(options.sizes);
  const there: Pick<Context, "sizeOf" | "postgres" | "isStandIn" | "factsOf"> = {
    factsOf: (statement) => known(options.factsOf?.(statement)),
    sizeOf: (table) => sizeOf.get(nameOf({ schemaname: "public", ...table })),
    postgres: options.isStandIn === true ? undefined : options.sizes?.postgres,
    isStandIn: options.isStandIn === true,
  };
  let world = new World();
  let kind: LintFile["kind"] = "migration";
  const applied = new Set<number>();
  const findings: Unprinted[] = [];
  const schemaContexts: Context[] = [];
  let seen = 0;
  const active = RULES.flatMap((rule): Active[] => {
    const severity = options.severities?.get(rule.id) ?? (rule.on === false ? "off" : rule.severity);
    return severity === "off" ? [] : [{ rule, severity }];
  });
  const severityOf = new Map(active.map(({ rule, severity }) => [rule.id, severity]));
  for (const { file, isLinted, isAlone } of entries) {
    // What schema files make is what migrations made already.
    if (file.kind !== kind || isAlone === true) world = new World();
    kind = file.kind;
    world.nextFile();
    if (isLinted) {
      if (!options.together && file.kind === "migration") applied.clear();
      applied.add(world.here);
      for (const problem of file.problems) {
        const set = active.find(({ rule }) => rule.id === problem.rule);
        if (set === undefined) continue;
        const severity = eased(set, problem.severity);
        const { rule, message, how = "text", fix, location, statement } = problem;
        findings.push({ rule, severity, message, fix, rewrite: undefined, location, how, statement, file });
      }
    }
    const isNew = new Set(applied);
    world.isNewFile = (made) => isNew.has(made);
    const contexts: Context[] = [];
    const transactions = new Map<Transaction, Before>();
    const quiet = new Set<string>();
    for (const statement of file.statements) {
      const { node, transaction } = statement;
      if (++seen % BREATH === 0 || statement.text.length > LONG) giveBackMemory();
      if (node === undefined) continue;
      const before = transactions.get(transaction) ?? { earlier: [], held: [] };
      transactions.set(transaction, before);
      const rows = rowsAlone(statement, there.factsOf(statement));
      if (rows === undefined) quiet.clear();
      if (isLinted && (rows === undefined || !quiet.has(rows))) {
        const context = contextOf(file, statement, node, world, before, there);
        contexts.push(context);
        const soFar = findings.length;
        for (const { rule, severity } of active) {
          if (rule.check === undefined || (file.kind === "schema" && rule.schemaFiles !== true)) continue;
          // What was measured of it is said already.
          if (file.problems.some((problem) => problem.rule === rule.id && problem.statement === statement)) continue;
          for (const found of rule.check(context)) findings.push(findingOf(context, rule, severity, found));
        }
        before.held.push(...locksTaken(context));
        if (rows !== undefined && findings.length === soFar) quiet.add(rows);
      }
      world.apply(Statement.of(statement.text), node);
      if (!isAboutRows(node)) before.earlier.push(statement);
    }
    // Schema files belong together: what one of them makes may be completed in another.
    if (file.kind === "schema") schemaContexts.push(...contexts);
    else findings.push(...contexts.flatMap((context) => atEnd(context, active)));
  }
  findings.push(...schemaContexts.flatMap((context) => atEnd(context, active)));
  const linted = entries.filter(({ isLinted }) => isLinted).map(({ file }) => file);
  const asksOf = new Map(RULES.map((rule) => [rule.id, rule.asks]));
  const { findings: left, ignored } = applyIgnores(linted, findings, {
    severityOf: (rule) => severityOf.get(rule),
    couldJudge(rule, statement) {
      const asks = asksOf.get(rule) ?? [];
      const isTraced = !asks.includes("trace") || there.factsOf(statement) !== undefined;
      return isTraced && (!asks.includes("sizes") || options.sizes !== undefined);
    },
  });
  const order = new Map(linted.map((file, at) => [file, at]));
  const sorted = withoutRepeats(left).toSorted(
    (a, b) => order.get(a.file)! - order.get(b.file)! || placeOf(a) - placeOf(b),
  );
  return { findings: withFingerprints(sorted), ignored: withoutRepeats(ignored).length };
}

/** A loop in TypeScript asks for many statements at one place of the file. */
function withoutRepeats(findings: readonly Unprinted[]): Unprinted[] {
  const seen = new Set<string>();
  return findings.filter(({ rule, message, location: { file, line, column }, file: { migration } }) => {
    const form = migration?.form;
    const key = JSON.stringify([rule, message, file, line, column]);
    const isRepeat = form === "typescript" && line !== undefined && seen.has(key);
    seen.add(key);
    return !isRepeat;
  });
}

interface Active {
  readonly rule: Rule;
  readonly severity: Severity;
}

/** A rule may find something less bad than it is there for, but settings are settings. */
function eased({ rule, severity }: Active, found: Severity | undefined): Severity {
  return found !== undefined && severity === rule.severity ? found : severity;
}

function atEnd(context: Context, active: readonly Active[]): Unprinted[] {
  return active.flatMap(({ rule, severity }) => {
    if (rule.atEnd === undefined || (context.file.kind === "schema" && rule.schemaFiles !== true)) return [];
    return rule.atEnd(context).map((found) => findingOf(context, rule, severity, found));
  });
}

function placeOf({ location: { line = 0, column = 0 } }: Unprinted): number {
  return line * 10_000 + Math.min(column, 9999);
}

/**
 * The form of a statement that writes rows and does nothing else. A file may hold tens of thousands, one like the other: where rules
 * found nothing in one, they find nothing in the next.
 */
function rowsAlone({ shape }: LintStatement, facts: StatementFacts | undefined): string | undefined {
  const { locks, rewrites, drops, scans, rows, loses, endangers, exposes, error, opaque } = facts ?? {};
  if ([locks, rewrites, drops].some((list) => (list?.length ?? 0) > 0) || error !== undefined) return undefined;
  if (shape === undefined) return undefined;
  const changed = rows?.map(({ name, updated, deleted, locked }) => [name, updated > 0, deleted > 0, locked]);
  const read = scans?.map(({ name }) => name);
  return JSON.stringify([shape, facts?.how, read, changed, loses, endangers, exposes, opaque]);
}

/** Whether it does no more than read or write rows of its own, as thousands in a file do. */
function isAboutRows(node: Node): boolean {
  const select = inside(inside(node, "InsertStmt")?.selectStmt, "SelectStmt");
  const isInsert = "InsertStmt" in node && select?.fromClause === undefined;
  return isInsert || "UpdateStmt" in node || "DeleteStmt" in node || "SelectStmt" in node;
}

/** What comes before a statement in its transaction. */
interface Before {
  readonly earlier: LintStatement[];
  readonly held: TableLock[];
}

/** What failed whatever rows there are, or was not seen, says nothing by its empty lists. */
function known(facts: StatementFacts | undefined): StatementFacts | undefined {
  const hasFailed = facts?.error !== undefined && facts.error.onRows === undefined;
  return facts?.how.kind === "not-traced" || hasFailed ? undefined : facts;
}

function contextOf(
  file: LintFile,
  statement: LintStatement,
  node: Node,
  world: World,
  before: Before,
  there: Pick<Context, "sizeOf" | "postgres" | "isStandIn" | "factsOf">,
): Context {
  const facts = there.factsOf(statement);
  const named = (range: RangeVar | undefined, relations: readonly Relation[]): boolean => {
    const schema = world.find(range)?.schema ?? range?.schemaname;
    // What is done to a partition is done to a part of the table.
    return relations
      .flatMap(({ name, partitionOf = [] }) => [name, ...partitionOf])
      .some((written) => {
        const name = parseQualifiedName(written);
        const isSameSchema = schema === undefined || name?.schema === undefined || name.schema === schema;
        return name?.name === range?.relname && isSameSchema;
      });
  };
  const isOld = (table: RangeVar | undefined): boolean => {
    const relation = world.find(table);
    if (isTemporary(table) || relation?.temporary === true) return false;
    return relation === undefined || !world.isNewFile(relation.made);
  };
  const moved = inside(node, "RenameStmt")?.relation ?? inside(node, "AlterObjectSchemaStmt")?.relation;
  return {
    file,
    statement,
    node,
    world,
    facts,
    ...there,
    ...before,
    isOld,
    movesOld: moved !== undefined && isOld(moved),
    scans: (table) => facts && named(table, [...facts.scans, ...facts.rewrites]),
    rewrites: (table) => facts && named(table, facts.rewrites),
  };
}

function findingOf({ file, statement, facts }: Context, rule: Rule, severity: Severity, found: Found): Unprinted {
  // Places in the tree are those of another statement.
  const offset = found.at === undefined || statement.isAlike ? 0 : offsetOfByte(statement.text, found.at);
  return {
    rule: rule.id,
    severity: eased({ rule, severity }, found.severity),
    message: found.message,
    fix: found.fix,
    rewrite: found.rewrite,
    notRewritten: found.notRewritten,
    how: rule.asks.includes("trace") ? howOf(facts) : "text",
    location: file.locate(statement.span.start + offset),
    statement,
    file,
  };
}

function howOf(facts: StatementFacts | undefined): Known {
  return facts === undefined || facts.how.kind === "not-traced" ? "text" : facts.how.kind;
}

/** The same rule in the same statement twice is told apart by how often it was there before. */
function withFingerprints(findings: readonly Unprinted[]): Finding[] {
  const times = new Map<string, number>();
  return findings.map((finding) => {
    const { file, rule, statement, message } = finding;
    const where = file.migration?.name ?? file.path;
    const what = statement === undefined ? message : statement.text.replaceAll(/\s+/g, " ");
    const identity = JSON.stringify([rule, where, what]);
    const before = times.get(identity) ?? 0;
    times.set(identity, before + 1);
    const fingerprint = createHash("sha256").update(`${identity}#${before}`).digest("hex").slice(0, 32);
    return { ...finding, fingerprint };
  });
}
