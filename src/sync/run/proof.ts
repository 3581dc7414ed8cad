import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan, SyncTable } from "../plan.ts";
import { digestOf, proofKey, sharedDigests } from "./digests.ts";
import { readingFailed } from "./reading-failed.ts";
import { TOKENS, type TokenKind, tokensIn } from "./tokens.ts";

/** What was looked at, and what came of it. No value is ever in it. */
export interface Proof {
  readonly columns: readonly ColumnResult[];
  readonly leaks: readonly Leak[];
  /** What was searched for originals: kinds of tokens, and how many columns of the target. */
  readonly scanned: { readonly kinds: readonly TokenKind[]; readonly columns: number };
}

/** What is proven of a transformed column. */
export interface ColumnResult {
  /** "public.users.email" */
  readonly column: string;
  readonly transform: string;
  readonly how: "no value in common" | "no row has its own" | "not compared";
  readonly holds: boolean;
  /** Distinct values on the source and in the target, or rows that were compared. */
  readonly originals: number;
  readonly results: number;
  /** Values in common, or rows that kept theirs. */
  readonly same: number;
}

/** A column of the target that holds originals. */
export interface Leak {
  readonly column: string;
  readonly kind: TokenKind;
  /** Rows with at least one. */
  readonly rows: number;
}

/** So many digests that both sides have are looked for in single columns. */
const TRACED = 500;

export interface ProofOptions {
  /** Sessions in no transaction. */
  readonly source: Database;
  readonly target: Database;
  readonly plan: SyncPlan;
  readonly onStep: (step: string) => void;
}

/** Proves of a copy that no original of a transformed column is in it. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const { plan, source, onStep } = options;
  await source.execute("set row_security = off");
  for (const { name, value } of plan.settings)
    await source.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  const results: ColumnResult[] = [];
  const transformed = plan.tables.flatMap((table) =>
    table.mode === "skip"
      ? []
      : table.columns.filter(({ treatment }) => treatment === "transform").map((column) => ({ table, column })),
  );
  for (const { table, column } of transformed) {
    onStep(`Proving ${table.schema}.${table.name}.${column.name}`);
    try {
      results.push(await proveColumn(options, table, column));
    } catch (error) {
      throw readingFailed(error, `${table.schema}.${table.name}`);
    }
  }
  onStep("Searching the copy for originals");
  try {
    return { columns: results, ...(await scan(options)) };
  } catch (error) {
    throw readingFailed(error);
  }
}

async function proveColumn(
  { source, target }: ProofOptions,
  table: SyncTable,
  column: SyncColumn,
): Promise<ColumnResult> {
  const from = `from only ${quoteQualified(table.schema, table.name)} source`;
  const value = `source.${quoteIdentifier(column.name)}`;
  const base = { column: `${table.schema}.${table.name}.${column.name}`, transform: column.transform ?? "" };
  if (column.proof.kind === "disjoint") {
    const key = proofKey();
    const [one, more] = column.elements === true ? ["each.v", `, pg_catalog.unnest(${value}) each (v)`] : [value, ""];
    const query = `select ${digestOf(`${one}::pg_catalog.text`, key)} ${from}${more} where ${one} is not null and ${one}::pg_catalog.text operator(pg_catalog.<>) ''`;
    const { shared, counts } = await sharedDigests([source, target], [query, query], 1);
    return {
      ...base,
      how: "no value in common",
      holds: shared.length === 0,
      originals: counts[0],
      results: counts[1],
      same: shared.length,
    };
  }
  if (column.proof.kind === "differs" && column.comparison !== undefined) {
    const [row] = await source.query<{ rows: number; same: number }>(column.comparison);
    const { rows, same } = row!;
    // Chance has no memory: three times what is expected, and a few, is still chance.
    const holds = same <= (column.proof.chance === 0 ? 0 : 3 * column.proof.chance * rows + 5);
    return { ...base, how: "no row has its own", holds, originals: rows, results: rows, same };
  }
  return { ...base, how: "not compared", holds: true, originals: 0, results: 0, same: 0 };
}

/** A column of the target with text in it. */
interface TextColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

const TEXT_COLUMNS = `
  select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as "table", a.attname::pg_catalog.text as "column"
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid and c.relkind operator(pg_catalog.=) any ('{r,m}')
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid
    left join pg_catalog.pg_type e on e.oid operator(pg_catalog.=) t.typelem and t.typcategory operator(pg_catalog.=) 'A'
   where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
     and (coalesce(e.typcategory, t.typcategory) operator(pg_catalog.=) any ('{S,C,D}')
          or coalesce(e.typname, t.typname) operator(pg_catalog.=) any ('{json,jsonb,xml,hstore,tsvector,bytea,citext}'))
     and coalesce(e.typname, t.typname) operator(pg_catalog.<>) 'bytea'
   order by 1, 2, a.attnum`;

/** Searches all text of the target for what looks like an e-mail address, a number of a phone or card, and is an original. */
async function scan({ source, target, plan }: ProofOptions): Promise<Pick<Proof, "leaks" | "scanned">> {
  const kinds = new Map<TokenKind, { table: SyncTable; column: SyncColumn }[]>();
  for (const table of plan.tables) {
    for (const column of table.columns) {
      if (column.treatment !== "transform" || column.tokens === undefined) continue;
      kinds.set(column.tokens, [...(kinds.get(column.tokens) ?? []), { table, column }]);
    }
  }
  const columns = kinds.size === 0 ? [] : await target.query<TextColumn>(TEXT_COLUMNS);
  const leaks: Leak[] = [];
  for (const [kind, origins] of kinds) {
    const key = proofKey();
    const originals = origins.map(({ table, column }) => tokensOf(kind, table.schema, table.name, column.name, key));
    const inTarget = columns.map((each) => tokensOf(kind, each.schema, each.table, each.column, key));
    if (inTarget.length === 0) continue;
    // A made-up number may be that of another row by chance: of such a column the rows are compared.
    const byChance = origins
      .filter(({ column: { proof } }) => proof.kind === "differs")
      .map(({ table, column }) => tokensOf(kind, table.schema, table.name, column.name, key));
    const except = byChance.length === 0 ? "" : ` except select d from (${byChance.join(" union all ")}) made (d)`;
    const { shared } = await sharedDigests(
      [source, target],
      [originals.join(" union all "), `select d from (${inTarget.join(" union all ")}) found (d)${except}`],
      TRACED,
    );
    if (shared.length === 0) continue;
    const list = shared.map((digest) => quoteLiteral(digest)).join(", ");
    for (const each of columns) {
      const text = `t.${quoteIdentifier(each.column)}::pg_catalog.text`;
      const [row] = await target.query<{ rows: number }>(
        `select pg_catalog.count(*)::pg_catalog.float8 as rows from only ${quoteQualified(each.schema, each.table)} t
          where ${text} operator(pg_catalog.~) ${quoteLiteral(TOKENS[kind].pattern)}
            and exists (select from ${tokensIn(kind, text)} m (token) where ${digestOf(TOKENS[kind].normalised("m.token"), key)} in (${list}))`,
      );
      const rows = row?.rows ?? 0;
      if (rows > 0) leaks.push({ column: `${each.schema}.${each.table}.${each.column}`, kind, rows });
    }
  }
  return { leaks, scanned: { kinds: [...kinds.keys()], columns: columns.length } };
}

function tokensOf(kind: TokenKind, schema: string, table: string, column: string, key: string): string {
  const text = `t.${quoteIdentifier(column)}::pg_catalog.text`;
  return `select ${digestOf(TOKENS[kind].normalised("m.token"), key)} from only ${quoteQualified(schema, table)} t, lateral ${tokensIn(kind, text)} m (token) where ${text} operator(pg_catalog.~) ${quoteLiteral(TOKENS[kind].pattern)}`;
}
