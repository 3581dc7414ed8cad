import type { Database } from "#database/database.ts";

/** The role of the session, and all of its server. */
export async function readRoles(
  target: Database,
): Promise<{ readonly own: string; readonly roles: ReadonlySet<string> }> {
  const rows = await target.query<{ name: string; own: boolean }>(
    "select rolname::pg_catalog.text as name, rolname operator(pg_catalog.=) current_user as own from pg_catalog.pg_roles",
  );
  return { own: rows.find(({ own }) => own)?.name ?? "", roles: new Set(rows.map(({ name }) => name)) };
}
