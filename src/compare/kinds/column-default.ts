import { quoteIdentifier } from "#sql/quote.ts";
import { alterRelation } from "./alter-relation.ts";
import { parentsOf } from "./further-parents.ts";
import { inheritsLate } from "./late-parents.ts";
import { type Extra, kind, type Relation, type Side } from "./kind.ts";

interface Default {
  /** Null for none, where the parent has one. */
  readonly expression: string | null;
}

/** Of a view, and of a partition or child that does not have its parent's. */
export const columnDefault = kind<Default>({
  query: {
    path: "array[r.nspname, r.relname, attname]",
    relation: "r.oid",
    payload: "'expression', expression",
    from: `from (
      select r.oid, r.nspname, r.relname, a.attname, mine.expression
        from relation r
        join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attinhcount > 0 and a.attgenerated = ''
        cross join lateral (select (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = a.attrelid and adnum = a.attnum) as expression) as mine
        cross join lateral (select (
          select pg_get_expr(adbin, adrelid) from pg_inherits join pg_attribute pa on pa.attrelid = inhparent and pa.attname = a.attname
            join pg_attrdef on adrelid = pa.attrelid and adnum = pa.attnum
           where inhrelid = r.oid order by inhseqno limit 1) as expression) as parents
       where r.relkind in ('r', 'p') and mine.expression is distinct from parents.expression
      union all
      select r.oid, r.nspname, r.relname, attname, pg_get_expr(adbin, adrelid)
        from relation r join pg_attribute a on a.attrelid = r.oid and attnum > 0 join pg_attrdef d on adrelid = r.oid and adnum = attnum
       where r.relkind = 'v') as r`,
  },
  text: ({ expression }) => expression ?? "none",
  statements: {
    create: (extra, side, before) =>
      isPlanned(extra, side) && !comesAlong(extra, side, before)
        ? []
        : [setDefault(extra, extra.payload.expression, side)],
    reset: (extra, side) =>
      isPlanned(extra, side)
        ? []
        : [setDefault(extra, parentsDefault(extra.relation!, extra.path[2] ?? "", side), side)],
  },
});

/** A column that the table declares itself has its default in the planner's sight. */
function isPlanned({ relation, path }: Pick<Extra, "relation" | "path">, { facts }: Pick<Side, "facts">): boolean {
  const { schema, name } = relation!;
  return facts.has({ kind: "column", schema, table: name, name: path[2] ?? "" });
}

/** A column that a table declares without a default from the beginning has its parent's. */
function comesAlong({ relation, path, payload }: Extra<Default>, side: Side, before: Side): boolean {
  const table = { kind: "table" as const, ...relation! };
  return payload.expression === null && !isPlanned({ relation, path }, before) && !inheritsLate(table, side);
}

function setDefault({ relation, path }: Extra, expression: string | null, { facts }: Side): string {
  const alter = alterRelation(relation, facts).replace(/^ALTER TABLE /, "ALTER TABLE ONLY ");
  const column = `${alter} ALTER COLUMN ${quoteIdentifier(path[2] ?? "")}`;
  return expression === null ? `${column} DROP DEFAULT` : `${column} SET DEFAULT ${expression}`;
}

/** The default that a child or partition has from its parents: that of the first that has one. */
function parentsDefault(relation: Relation, column: string, side: Side): string | null {
  for (const parent of parentsOf(relation, side)) {
    const expression = defaultOf(parent, column, side);
    if (expression !== null) return expression;
  }
  return null;
}

function defaultOf(table: Relation, column: string, side: Side): string | null {
  const { facts, extras } = side;
  const own = { schema: table.schema, table: table.name, name: column };
  // It may itself be a child, with another default than its parent's, or none.
  const other = extras.find(
    ({ kind: each, path }) => each === "default" && Bun.deepEquals(path, [own.schema, own.table, own.name]),
  );
  if (other !== undefined) return (other.payload as Default).expression;
  const expression = facts.get({ kind: "default", ...own })?.payload["expr"];
  if (typeof expression === "string") return expression;
  return facts.has({ kind: "column", ...own }) ? null : parentsDefault(table, column, side);
}
