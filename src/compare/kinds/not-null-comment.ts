import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { type Extra, kind } from "./kind.ts";

interface NotNullComment {
  readonly text: string;
}

/**
 * Of a constraint NOT NULL of a table, from PostgreSQL 18 on, under its column: these constraints have other names in other
 * databases, which do not count.
 */
export const notNullComment = kind<NotNullComment>({
  query: {
    path: "array[r.nspname, r.relname, attname]",
    relation: "r.oid",
    payload: "'text', description",
    from: `from relation r join pg_constraint c on conrelid = r.oid and contype = 'n'
      join pg_attribute a on a.attrelid = r.oid and a.attnum = conkey[1]
      join pg_description d on d.objoid = c.oid and d.classoid = 'pg_constraint'::regclass`,
  },
  text: ({ text }) => text,
  statements: {
    create: (extra) => [commentByColumn(extra, quoteLiteral(extra.payload.text).trim())],
    reset: (extra) => [commentByColumn(extra, "NULL")],
    resetsFirst: true,
  },
});

/** COMMENT ON CONSTRAINT takes no column, and its constraint may have any name. */
function commentByColumn({ relation, path }: Extra, comment: string): string {
  const table = quoteLiteral(quoteQualified(relation!.schema, relation!.name)).trim();
  const body = `
BEGIN
  EXECUTE (
    SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, ${table}, ${comment})
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = ${table}::pg_catalog.regclass AND k.contype = 'n' AND a.attname = ${quoteLiteral(path[2] ?? "").trim()});
END`;
  return `DO ${body.includes("$$") ? quoteLiteral(body).trim() : `$$${body}$$`}`;
}
