import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { inside, type Parser, strings } from "#sql/parser.ts";
import { quoteQualified } from "#sql/quote.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { changedTables, readRowHashes, type Rows } from "../contained/rows.ts";
import type { Facts } from "../engine/facts.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import { isSame, nameOf, type Subject } from "../sources/subjects.ts";
import type { Edit } from "./apply.ts";
import { buildTexts } from "./built.ts";
import { addValue, type NewValue, renameValue, writtenValue } from "./edits/enum-values.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** A value of an enum to which a migration gives another name. */
export interface RenamedValue {
  readonly type: Subject;
  readonly from: string;
  readonly to: string;
}

/** Those in the ways up of migrations that are SQL, in order. */
export function renamedValuesOf(parser: Parser, migrations: readonly LoadedMigration[]): readonly RenamedValue[] {
  return migrations.flatMap(({ up }) => {
    if (up.kind !== "sql") return [];
    return up.script.statements.flatMap(({ text, firstWord }) => {
      const change = firstWord === "ALTER" ? inside(parser.parse(text), "AlterEnumStmt") : undefined;
      const { oldVal: from, newVal: to } = change ?? {};
      const names = strings(change?.typeName);
      const name = names.at(-1);
      if (from === undefined || to === undefined || name === undefined) return [];
      return [{ type: { kind: "type", schema: names.at(-2) ?? "public", name }, from, to }];
    });
  });
}

/** What becomes of the values of one enum. */
interface Relabelling {
  readonly type: Subject;
  readonly renamed: readonly RenamedValue[];
  readonly added: readonly NewValue[];
}

/**
 * Gives values of enums their new names in the files, wherever these speak of them: a plan between the two ends could only make
 * the enum anew. Proven: the files build what the old ones and ALTER TYPE ... RENAME VALUE make, rows included.
 * @param ends.built what the files build
 * @returns nothing where that cannot be done, and the tree is as it was
 */
export async function renameValues(
  options: ProjectFiles,
  series: ScratchSeries,
  tree: SchemaTree,
  ends: { readonly built: Catalogue; readonly target: Catalogue },
  renamed: readonly RenamedValue[],
): Promise<readonly Edit[]> {
  const changes = relabellings(ends.built.facts, ends.target.facts, renamed);
  if (changes.length === 0) return [];
  const before = tree.save();
  const wanted = await stateOf(options, series, tree, changes.flatMap(statementsOf));
  // Where the objects are not all the same, the rest is planned; rows have to be.
  let nearly: { readonly edits: readonly Edit[]; readonly saved: typeof before } | undefined;
  for (const isUse of usesFor(ends.built.facts, changes)) {
    const edits = relabel(tree, changes, isUse);
    const made = edits === undefined ? undefined : await stateOf(options, series, tree, []).catch(unlessItBuilds);
    const hasRows = made !== undefined && changedTables(made.rows, wanted.rows).size === 0;
    if (edits !== undefined && hasRows) {
      if (compareCatalogues(made.catalogue, wanted.catalogue).length === 0) return edits;
      nearly ??= { edits, saved: tree.save() };
    }
    tree.restore(before);
  }
  if (nearly !== undefined) tree.restore(nearly.saved);
  return nearly?.edits ?? [];
}

/** What PostgreSQL refuses in files with other words is no failure of theirs. */
function unlessItBuilds(error: unknown): undefined {
  if (!(error instanceof ConfitureError) || error.server === undefined || error.code === "interrupted") throw error;
}

/** Enums that differ by values which got another name, and by new ones. Pure. */
function relabellings(built: Facts, target: Facts, renamed: readonly RenamedValue[]): Relabelling[] {
  const types = renamed
    .map(({ type }) => type)
    .filter((type, at, all) => all.findIndex((each) => isSame(each, type)) === at);
  return types.flatMap((type) => {
    const [is, wanted] = [built, target].map((facts) => valuesOf(facts, type)) as [
      readonly string[],
      readonly string[],
    ];
    const own = renamed.filter((each) => isSame(each.type, type));
    const after = is.map((value) =>
      wanted.includes(value) ? value : own.reduce((name, { from, to }) => (name === from ? to : name), value),
    );
    const names = is.flatMap((from, at) => (after[at] === from ? [] : [{ type, from, to: after[at]! }]));
    const isKept = after.every((value, at) => wanted.indexOf(value) > (at === 0 ? -1 : wanted.indexOf(after[at - 1]!)));
    if (names.length === 0 || !isKept || names.some(({ to }) => is.includes(to))) return [];
    const added = wanted.flatMap((value, at): NewValue[] => {
      if (after.includes(value)) return [];
      return [
        at === 0 ? { value, neighbour: after[0], isAfter: false } : { value, neighbour: wanted[at - 1], isAfter: true },
      ];
    });
    return [{ type, renamed: names, added }];
  });
}

function valuesOf(facts: Facts, { schema, name }: Subject): readonly string[] {
  const values = facts.get({ kind: "type", schema, name })?.payload["values"];
  return Array.isArray(values) ? values.map(String) : [];
}

function statementsOf({ type, renamed, added }: Relabelling): string[] {
  const alter = `ALTER TYPE ${quoteQualified(type.schema, type.name)}`;
  return [
    ...renamed.map(({ from, to }) => `${alter} RENAME VALUE ${writtenValue(from)} TO ${writtenValue(to)}`),
    ...added.map(({ value, neighbour = "", isAfter }) => {
      return `${alter} ADD VALUE ${writtenValue(value)} ${isAfter ? "AFTER" : "BEFORE"} ${writtenValue(neighbour)}`;
    }),
  ];
}

async function stateOf(
  options: ProjectFiles,
  series: ScratchSeries,
  tree: SchemaTree,
  statements: readonly string[],
): Promise<{ readonly catalogue: Catalogue; readonly rows: Rows }> {
  const database = await buildTexts(options, series, tree.save());
  for (const sql of statements) await database.execute(sql);
  return { catalogue: await readCatalogue(database), rows: await readRowHashes(database, SCRATCH_LEDGER) };
}

type IsUse = (sentence: Sentence, tree: SchemaTree) => boolean;

/** In which statements the old name stands for the value: in all, in those that name the enum or a relation with it, in none. */
function usesFor(built: Facts, changes: readonly Relabelling[]): IsUse[] {
  const names = new Set(changes.map(({ type }) => type.name));
  for (const { id, payload } of built.facts()) {
    const { type } = payload;
    if (id.kind !== "column" || typeof type !== "string") continue;
    if (!changes.some((each) => type.includes(each.type.name))) continue;
    names.add(id.table);
  }
  const isNamed: IsUse = ({ file, start, end }, tree) =>
    tokensOf(tree.text(file), start, end).some(({ text }) => names.has(writtenName(text)));
  return [() => true, isNamed, () => false];
}

/** Edits the files; undefined where the values of an enum are not written where it is made. */
function relabel(tree: SchemaTree, changes: readonly Relabelling[], isUse: IsUse): readonly Edit[] | undefined {
  const edits: Edit[] = [];
  for (const { type, renamed, added } of changes) {
    let file: string | undefined;
    for (const { from, to } of renamed) {
      replaceUses(tree, type, from, to, isUse);
      file = renameValue(tree, type, from, to);
      if (file === undefined) return undefined;
    }
    for (const value of added) if (addValue(tree, type, value) === undefined) return undefined;
    const name = nameOf(type);
    const sql = statementsOf({ type, renamed, added }).join(";\n");
    edits.push({
      key: `values ${name}`,
      name,
      how: "edited",
      file: file!,
      level: "worded",
      subjects: [type],
      tables: [],
      sql,
    });
  }
  return edits;
}

function replaceUses(tree: SchemaTree, type: Subject, from: string, to: string, isUse: IsUse): void {
  const old = writtenValue(from);
  const maker = tree.maker(type);
  const uses = tree.sentences.filter(
    (sentence) => sentence !== maker && sentence.statement.firstWord !== "COMMENT" && isUse(sentence, tree),
  );
  for (const { file, start, end } of uses.toReversed()) {
    const tokens = tokensOf(tree.text(file), start, end).filter(
      ({ kind, text }) => kind === TokenKind.string && text === old,
    );
    for (const token of tokens.toReversed()) tree.splice(file, token.start, token.end, writtenValue(to));
  }
}
