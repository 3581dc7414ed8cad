import { formatSqlStatements } from "@supabase/pg-delta/sql-format";

/** A statement laid out over lines, bodies of routines and views as they are; undefined where it comes to more than one. Pure. */
export function layOutStatement(sql: string): string | undefined {
  const [formatted, ...more] = formatSqlStatements([sql], { preserveRoutineBodies: true, preserveViewBodies: true });
  return more.length > 0 ? undefined : formatted?.trim().replace(/;$/, "");
}
