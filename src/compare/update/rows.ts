import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { asFailure } from "#errors/error.ts";
import { withSpelledStrings } from "#sql/spelled-strings.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified, writeIdentifier, writeQualified } from "#sql/quote.ts";
import { locate } from "#sql/position.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { queryOwnRows } from "#scratch/own-rows.ts";
import {
  hashOf,
  moreThanBuilt,
  notBuilt,
  orNow,
  readRowHashes,
  readTables,
  sourceOf,
  type Rows,
  rowsOf,
} from "../contained/rows.ts";
import { dataKey } from "../contained/materialized.ts";
import { isWritten, type Written } from "../contained/written.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import type { Edit } from "./apply.ts";
import { buildTexts } from "./built.ts";
import { addAtEnd } from "./lines.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";
import { isSame, type Subject } from "../sources/subjects.ts";

/** Rows that base and migrations leave, of tables where the schema files may lack some. */
export interface LeftRows {
  /** All of them, as they are compared. */
  readonly hashes: Rows;
  /** In the order in which their tables were made. */
  readonly tables: readonly LeftTable[];
  /** Tables of which a migration has changed rows or taken some away. */
  readonly taken: ReadonlySet<string>;
  /** Whether rows of the files were there when the migrations ran, and may be others since. */
  readonly areAmongOthers?: boolean;
}

interface LeftTable {
  readonly schema: string;
  readonly name: string;
  /** "INSERT INTO roles (id, name)" */
  readonly head: string;
  /** By their hashes, in the order of the rows: "(1, 'admin')"; undefined for a materialized view, which is refreshed. */
  readonly rows: ReadonlyMap<string, string> | undefined;
  /** Whether the statement gives values to a unique key: a row of which a migration has changed other values cannot be made twice. */
  readonly isKeyed: boolean;
}

/** Rows of a table that the schema files lack. */
export interface LackingRows {
  /** Qualified, as SQL. */
  readonly table: string;
  readonly count: number;
  /** "2 rows of public.roles" */
  readonly what: string;
  /** The statement that makes them; undefined where there are too many. */
  readonly sql: string | undefined;
  /** How many rows the schema files make there that migrations do not leave: they may be earlier forms of those that lack. */
  readonly others: number;
  /** "1 row of public.roles" */
  readonly otherWhat: string;
  /** Where the schema files make the table: "db/schema/roles.sql:1". */
  readonly madeAt: string | undefined;
}

/** Rows that the schema files make in a table of which a migration has changed rows or taken some away. */
export interface TakenRows {
  /** Qualified, as SQL. */
  readonly table: string;
  readonly count: number;
  /** "2 rows of public.roles" */
  readonly what: string;
  /** Where the schema files last write rows of the table; undefined where no statement says so. */
  readonly writtenAt: string | undefined;
}

/** More rows of a table are data, and no part of a schema. */
const MOST = 500;

/**
 * Reads what the rows are that a database which is built may lack.
 * @param database that base and migrations have led to
 * @param built rows that the schema files make
 * @param written columns to which migrations give values of their own
 */
export async function readLeftRows(
  database: Database,
  built: Rows,
  written: Written,
): Promise<Omit<LeftRows, "taken">> {
  const hashes = await readRowHashes(database, SCRATCH_LEDGER);
  const missing = notBuilt(hashes, built);
  const tables: LeftTable[] = [];
  for (const rowTable of (await readTables(database, SCRATCH_LEDGER)).toSorted((a, b) => a.made - b.made)) {
    const { schema, table, columns } = rowTable;
    const name = quoteQualified(schema, table);
    if (rowTable.isView) {
      const isOther = missing.has(name) || missing.has(dataKey(name));
      if (isOther) tables.push({ schema, name: table, head: refresh(schema, table), rows: undefined, isKeyed: true });
      continue;
    }
    const lacking = missing.get(name);
    if (lacking === undefined) continue;
    // What a database counts or computes by itself stays out, unless a migration has said it.
    const said = columns
      .filter(({ name: column, same, counted }) =>
        counted ? isWritten(written, table, column) : same || written.has(`${table}.${column}`),
      )
      .toSorted((a, b) => a.at - b.at);
    const cells = said.map((column) => {
      const cell = `${quoteIdentifier(column.name)}::text`;
      return column.bare ? `coalesce(${cell}, 'NULL')` : orNow(column, `quote_nullable(${cell})`);
    });
    const rows = await queryOwnRows<{ hash: string; row: string }>(
      database,
      `select ${hashOf(columns.filter(({ same }) => same))} as hash, ${cells.length === 0 ? "'()'" : `'(' || concat_ws(', ', ${cells.join(", ")}) || ')'`} as row
         from ${sourceOf(rowTable)} order by tableoid, ctid`,
    );
    const relation = writeQualified(schema, table);
    const overriding = said.some(({ always }) => always) ? " OVERRIDING SYSTEM VALUE" : "";
    tables.push({
      schema,
      name: table,
      head:
        said.length === 0
          ? `INSERT INTO ${relation} DEFAULT VALUES`
          : `INSERT INTO ${relation} (${said.map((column) => writeIdentifier(column.name)).join(", ")})${overriding}`,
      isKeyed: await hasKeyIn(
        database,
        name,
        said.map((column) => column.name),
      ),
      rows: new Map(
        rows.filter(({ hash }) => lacking.has(hash)).map(({ hash, row }) => [hash, withSpelledStrings(row)]),
      ),
    });
  }
  return { hashes, tables };
}

function refresh(schema: string, view: string): string {
  return `REFRESH MATERIALIZED VIEW ${writeQualified(schema, view)}`;
}

/** Whether a unique key of a table is made of nothing but some columns. */
async function hasKeyIn(database: Database, table: string, columns: readonly string[]): Promise<boolean> {
  const [row] = await queryCatalogue<{ found: boolean }>(
    database,
    `select exists (
       select from pg_index i
        where i.indrelid = ($1::text)::regclass and i.indisunique and i.indpred is null and i.indexprs is null
          and not exists (select from unnest(i.indkey::int2[]) with ordinality k (attnum, n)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
           where k.n <= i.indnkeyatts and (not a.attnotnull or a.attname not in (select json_array_elements_text($2::text::json))))) as found`,
    [table, JSON.stringify(columns)],
  );
  return row?.found === true;
}

/** What was done about rows, and which are lacking still. */
export interface BroughtRows {
  readonly edits: readonly Edit[];
  readonly lacking: readonly LackingRows[];
  /** What the files make and the migrations do not leave, as a row with another key: nobody edits it by itself. */
  readonly taken: readonly TakenRows[];
}

/**
 * Brings rows into the files where the tree has a place for rows, and proves that: the files build the same objects, and
 * no row is lacking any more. Otherwise the tree stays as it is.
 * @param built rows that the tree builds; it is built for them when undefined
 */
export async function bringRows(
  options: ProjectFiles,
  series: ScratchSeries,
  tree: SchemaTree,
  wanted: Catalogue,
  left: LeftRows,
  built: Rows | undefined,
): Promise<BroughtRows> {
  if (left.tables.length + left.taken.size === 0) return { edits: [], lacking: [], taken: [] };
  const before = tree.save();
  const made = built ?? (await readRowHashes(await buildTexts(options, series, before), SCRATCH_LEDGER));
  const missing = notBuilt(left.hashes, made);
  const others = notBuilt(made, left.hashes);
  const lacking = left.tables.flatMap((table) => {
    const found = lackingIn(table, missing, others);
    if (found === undefined || left.areAmongOthers !== true || found.others === 0) return found ?? [];
    // Which of them are the files' own is not known.
    const count = moreThanBuilt(left.hashes, made).get(found.table);
    return count === undefined ? [] : [{ ...found, count, what: rowsOf(count, found.table), sql: undefined }];
  });
  const edits = lacking.flatMap(({ subject, sql, table, others: other, isKeyed, isView }): Edit[] => {
    // A row that a migration changed would be there twice.
    const isOther = other > 0 && !isView && (!isKeyed || left.taken.has(table));
    const file = sql === undefined || isOther ? undefined : homeOf(tree, subject);
    if (sql === undefined || file === undefined) return [];
    addAtEnd(tree, file, sql);
    const name = `rows of ${table}`;
    return [{ key: name, name, how: "added", file, level: "last", subjects: [subject], tables: [subject], sql }];
  });
  if (edits.length > 0 && !(await isRight(options, series, tree, wanted, left, edits))) {
    tree.restore(before);
    edits.length = 0;
  }
  const brought = new Set(edits.flatMap(({ subjects }) => subjects));
  return {
    edits,
    lacking: lacking
      .filter(({ subject }) => !brought.has(subject))
      .map((each) => ({ ...each, madeAt: placeOf(tree, tree.maker(each.subject)) })),
    taken: [...others]
      .filter(([table]) => left.taken.has(table))
      .map(([table, { size }]) => {
        const { schema = "", name } = parseQualifiedName(table) ?? { name: table };
        const rows = tree.about({ kind: "relation", schema, name }).findLast(({ reading }) => reading?.kind === "rows");
        return { table, count: size, what: rowsOf(size, table), writtenAt: placeOf(tree, rows) };
      }),
  };
}

function placeOf(tree: SchemaTree, sentence: Sentence | undefined): string | undefined {
  if (sentence === undefined) return undefined;
  return `${sentence.file}:${locate(tree.text(sentence.file), sentence.start).line}`;
}

function lackingIn(
  { schema, name, head, rows, isKeyed }: LeftTable,
  missing: ReadonlyMap<string, ReadonlySet<string>>,
  others: ReadonlyMap<string, ReadonlySet<string>>,
):
  | (Omit<LackingRows, "madeAt"> & { readonly subject: Subject; readonly isKeyed: boolean; readonly isView: boolean })
  | undefined {
  const table = quoteQualified(schema, name);
  const key = rows === undefined && !missing.has(table) ? dataKey(table) : table;
  const hashes = missing.get(key);
  if (hashes === undefined) return undefined;
  const own = [...(rows ?? [])].filter(([hash]) => hashes.has(hash)).map(([, row]) => row);
  const isWhole = rows === undefined || (own.length === hashes.size && own.length <= MOST);
  const isAlone = rows === undefined || head.endsWith("DEFAULT VALUES");
  const sql = isAlone ? head : `${head} VALUES\n    ${own.join(",\n    ")}`;
  const other = others.get(table)?.size ?? 0;
  return {
    subject: { kind: "relation", schema, name },
    table,
    count: hashes.size,
    what: rowsOf(hashes.size, key),
    sql: isWhole ? sql : undefined,
    others: other,
    isKeyed,
    isView: rows === undefined,
    otherWhat: rowsOf(other, table),
  };
}

/** The file where the tree's habit puts rows of a table; undefined where it has none, or runs it too early. */
function homeOf(tree: SchemaTree, subject: Subject): string | undefined {
  const rows = tree.sentences.filter(({ reading }) => reading?.kind === "rows");
  const maker = tree.maker(subject);
  if (maker === undefined) return undefined;
  const isLate = (file: string): boolean =>
    tree.sortsByNeed || tree.files.indexOf(file) >= tree.files.indexOf(maker.file);
  const own = rows.findLast(({ reading }) => reading?.about.some((table) => isSame(table, subject)) === true);
  if (own !== undefined && isLate(own.file)) return own.file;
  const seed = rows.findLast(({ file }) => isLate(file) && tree.isOfRows(file));
  if (seed !== undefined) return seed.file;
  const isBeside = rows.some(({ file, reading }) => {
    const [table] = reading?.about ?? [];
    return table !== undefined && tree.maker(table)?.file === file;
  });
  return isBeside ? maker.file : undefined;
}

/** Whether the tree builds the same objects as before, and every row that was brought into it. */
async function isRight(
  options: ProjectFiles,
  series: ScratchSeries,
  tree: SchemaTree,
  wanted: Catalogue,
  left: LeftRows,
  edits: readonly Edit[],
): Promise<boolean> {
  try {
    const database = await buildTexts(options, series, tree.save());
    if (compareCatalogues(await readCatalogue(database), wanted).length > 0) return false;
    const missing = notBuilt(left.hashes, await readRowHashes(database, SCRATCH_LEDGER));
    return edits.every(({ tables }) => tables.every(({ schema, name }) => !missing.has(quoteQualified(schema, name))));
  } catch (error) {
    // Such as a row of the files that has the same key.
    asFailure(error);
    return false;
  }
}
