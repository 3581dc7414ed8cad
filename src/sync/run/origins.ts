import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import type { Behind, SyncColumn, SyncPlan, SyncTable, TokenKind } from "../plan.ts";
import type { Digest } from "./digests.ts";
import { ROOT } from "./root-table.ts";
import { formsOf, onlyToken, tokensOf } from "./tokens.ts";

/** Originals of one kind: where they are, as SQL over `source`. */
export interface Origin {
  readonly kind: TokenKind;
  readonly table: SyncTable;
  /** A query for texts. */
  readonly values: string;
  /** What the rule makes may be another row's original by chance: SQL for a condition over `each.v`, that of the copy is of the rule. */
  readonly isMade?: string;
  /** Its table is left out, and no rule says that it is personal. */
  readonly isGuessed: boolean;
}

/** A column of a table that is left out, whose originals are not looked for. */
export interface Unread {
  readonly column: string;
  /**
   * `right`: the role may not read it, or a policy hides rows from it; `size`: the table is large; `unlike`: neither its name nor its
   * first rows say that it holds such values.
   */
  readonly why: "right" | "size" | "unlike";
}

export interface Origins {
  readonly origins: readonly Origin[];
  /** Columns of tables that are left out, by name: what is looked for, and what is not. */
  readonly behind: readonly string[];
  readonly unread: readonly Unread[];
}

/** Bytes of a table that is left out, beyond which it is not read to look for what is in it. */
export const MOST_BYTES = 1024 ** 3;

/** The originals of a plan that can be told in a text. */
export async function originsOf(source: Database, { tables }: SyncPlan): Promise<Origins> {
  const replaced = tables.flatMap((table) =>
    table.columns.flatMap((column) => (column.treatment === "transform" ? originsIn(table, column) : [])),
  );
  const columns = tables.flatMap((table) => (table.behind ?? []).map((column) => ({ table, column })));
  if (columns.length === 0) return { origins: replaced, behind: [], unread: [] };
  const state = await statesOf(
    source,
    columns.map(({ table, column }) => [table.schema, table.name, column.name]),
  );
  const origins: Origin[] = [];
  const behind = new Set<string>();
  const unread = new Map<string, Unread>();
  for (const { table, column } of columns) {
    const found = state.get([table.schema, table.name, column.name].join("\0"));
    const name = reportedName(...(found?.root ?? [table.schema, table.name]), column.name);
    if (found?.readable !== true) unread.set(name, { column: name, why: "right" });
    else if (column.isGuessed === true && found.bytes > MOST_BYTES) unread.set(name, { column: name, why: "size" });
    else {
      behind.add(name);
      // No row of the table is in the copy, so that nothing there was made.
      origins.push(...originsIn(table, column));
    }
  }
  return { origins: [...replaced, ...origins], behind: [...behind], unread: [...unread.values()] };
}

function originsIn(table: SyncTable, column: SyncColumn | Behind): Origin[] {
  const { name, inside = [] } = column;
  const isGuessed = "isGuessed" in column;
  // A collation of its own might not know patterns.
  const values = `select source.${quoteIdentifier(name)}::pg_catalog.text collate pg_catalog."C"`;
  return [{ ...column, values }, ...inside].flatMap(({ tokens = [], values: texts, ...made }) =>
    tokens.map((kind) => ({
      kind,
      table,
      values: texts,
      isGuessed,
      ...(table.mode === "rows" && "proof" in made ? madeOf(made, kind) : {}),
    })),
  );
}

/**
 * Which values of the copy a rule may have made, of which some may be other rows' originals by chance. What somebody has written into
 * the copy since was not made: it has not the form of a result.
 */
function madeOf(
  { proof, resultTokens, mayBeResult = "true" }: Pick<SyncColumn, "proof" | "resultTokens" | "mayBeResult">,
  kind: TokenKind,
): Pick<Origin, "isMade"> {
  return proof.kind === "differs" && resultTokens === kind ? { isMade: mayBeResult } : {};
}

interface State {
  readonly readable: boolean;
  readonly bytes: number;
  /** The schema and the name of the table; of a partition, those of the table that it is a part of. */
  readonly root: readonly string[];
}

/** Whether columns can be read, and how large their tables are, by schema, table and column. */
export async function statesOf(
  source: Database,
  columns: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, State>> {
  const wanted = columns.map((names) => `(${names.map(quoteLiteral).join(", ")})`).join(", ");
  const rows = await source.query<State & { s: string; t: string; c: string }>(
    `select w.s, w.t, w.c, ${ROOT} as root,
            pg_catalog.pg_table_size(c.oid)::pg_catalog.float8 as bytes,
            coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select'), false)
              and not pg_catalog.row_security_active(c.oid) as readable
       from (values ${wanted}) w (s, t, c)
       join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) w.s
       join pg_catalog.pg_class c on c.relnamespace operator(pg_catalog.=) n.oid and c.relname operator(pg_catalog.=) w.t
       join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid and a.attname operator(pg_catalog.=) w.c`,
  );
  return new Map(rows.map(({ s, t, c, ...state }) => [[s, t, c].join("\0"), state]));
}

/** A query for digests of the originals of a column. */
export function originals(origin: Origin, digest: Digest): string {
  return tokensOfColumn(origin, digest, "true");
}

/** A query for digests of what a rule has made in a column of the copy; undefined where none of it is an original of anybody. */
export function madeIn(origin: Origin, digest: Digest): string | undefined {
  return origin.isMade === undefined ? undefined : tokensOfColumn(origin, digest, origin.isMade);
}

function tokensOfColumn({ kind, table, values }: Origin, digest: Digest, condition: string): string {
  // Splitting a text takes ten times as long as looking at it, and nearly all are one token.
  const { isOne, token } = onlyToken(kind, "each.v");
  const several = `select o.form from ${tokensOf(kind, "each.v")} m (token), lateral (${formsOf(kind, "m.token")}) o (form) where not ${isOne}`;
  const tokens = `lateral (select o.form from (${formsOf(kind, token)}) o (form) where ${isOne} union all ${several}) n (form)`;
  return `select ${digest.of(marked(kind, "n.form"))} from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v), ${tokens} where ${condition}`;
}

/** SQL for a text that tokens of other kinds never have. */
export function marked(kind: TokenKind, text: string): string {
  return `(${quoteLiteral(`${kind}:`)} operator(pg_catalog.||) ${text})`;
}
