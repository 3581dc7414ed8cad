import emptyDatabase from "#build/empty-database.sql" with { type: "text" };
import type { Database, OpenOptions } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { INCOMPLETE_SCHEMA } from "#compare/copied-schema.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { COPY_MARK, type PreparedTarget } from "./prepared-target.ts";
import { lockTarget } from "./lock-target.ts";
import { isOfUsers } from "./schemas-of-users.ts";

/** Without the right to create databases, the target itself is emptied and says so until it is whole. */
export async function inPlace(target: ServerTarget, options: OpenOptions): Promise<PreparedTarget> {
  const holder = await openDatabase(target, options);
  try {
    await lockTarget(holder, target.database, options);
    await requireOwnExtensions(holder, target);
  } catch (error) {
    await holder.close();
    throw error;
  }
  return {
    place: "in place",
    engine: "server",
    removed: [],
    databaseTarget: target,
    warning: `the role ${target.user} may not create databases on the target, so the copy is made in the database "${target.database}" itself, which is emptied first: if it fails, that stays incomplete, and rows in it may be originals. After ALTER ROLE ${quoteIdentifier(target.user)} CREATEDB, a new database takes its place instead`,
    async clear(session) {
      const mark = quoteLiteral(`${COPY_MARK}, not finished: rows and objects are missing`);
      try {
        await session.execute(
          `${emptyDatabase}; create schema ${INCOMPLETE_SCHEMA}; comment on schema ${INCOMPLETE_SCHEMA} is ${mark}`,
        );
      } catch (error) {
        throw await mayNotReplace(error, target, holder);
      }
    },
    open: async () => await openDatabase(target, options),
    async finish(comment) {
      // Only the owner of the database may.
      await holder
        .execute(`comment on database ${quoteIdentifier(target.database)} is ${quoteLiteral(comment)}`)
        .catch((error: unknown) => {
          if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "42501") throw error;
        });
      await holder.execute(`drop schema ${INCOMPLETE_SCHEMA}`);
      await holder.close();
      return undefined;
    },
    async abandon() {
      await holder.close();
      return undefined;
    },
  };
}

/**
 * Stops where an extension in the target is another role's: emptying the target would fail at it.
 * @throws ConfitureError `sync_target_failed`
 */
async function requireOwnExtensions(database: Database, { user }: ServerTarget): Promise<void> {
  const others = await database.query<{ name: string; owner: string }>(
    `select e.extname::pg_catalog.text as name, pg_catalog.pg_get_userbyid(e.extowner)::pg_catalog.text as owner
       from pg_catalog.pg_extension e where e.extname operator(pg_catalog.<>) 'plpgsql'
        and not pg_catalog.pg_has_role(e.extowner, 'usage') order by 1`,
  );
  if (others.length === 0) return;
  const named = others.map(({ name, owner }) => `${name} (owner: ${owner})`);
  throw new ConfitureError(
    "sync_target_failed",
    `On the target, the role ${user} may not create databases, and cannot empty this one: it does not own the ${others.length === 1 ? "extension" : "extensions"} ${named.join(", ")}`,
    {
      hint: [
        "Nothing was changed. Run on the target, as the owner or a superuser; the copy makes the extensions of the source again:",
        ...others.map(({ name }) => `DROP EXTENSION ${quoteIdentifier(name)} CASCADE;`),
      ].join("\n"),
      data: { sqlstate: "42501", side: "target", role: user, extensions: others.map(({ name }) => name) },
    },
  );
}

/** What a role would have to own to empty a database, and does not. `pg_database_owner` stands for the owner of the database. */
const NOT_OWNED = `
  select 'DATABASE' as kind, d.datname::pg_catalog.text as name from pg_catalog.pg_database d
   where d.datname operator(pg_catalog.=) pg_catalog.current_database() and not pg_catalog.pg_has_role(d.datdba, 'usage')
  union all
  select 'SCHEMA', n.nspname::pg_catalog.text from pg_catalog.pg_namespace n
   where ${isOfUsers("n")} and not pg_catalog.pg_has_role(n.nspowner, 'usage')
     and n.nspowner operator(pg_catalog.<>) 'pg_database_owner'::pg_catalog.regrole
  order by 1, 2`;

interface NotOwned {
  readonly kind: "DATABASE" | "SCHEMA";
  readonly name: string;
}

/** Both ways need the database itself; either making a new one or emptying its schemas is enough besides. */
function rightsNeeded(database: string, role: string, notOwned: readonly NotOwned[]): string {
  const owned = (which: NotOwned["kind"]): string[] =>
    notOwned.flatMap(({ kind, name }) =>
      kind === which ? [`ALTER ${kind} ${quoteIdentifier(name)} OWNER TO ${role};`] : [],
    );
  const [databases, schemas] = [owned("DATABASE"), owned("SCHEMA")];
  const create = `ALTER ROLE ${role} CREATEDB;`;
  const run = `Run in "${database}" on the target, as a superuser`;
  if (schemas.length === 0) return [`${run}:`, ...databases, create].join("\n");
  const either = "either, for a new database that takes its place:";
  return [
    ...(databases.length === 0 ? [`${run}, ${either}`] : [`${run}:`, ...databases, `and ${either}`]),
    create,
    "or, to empty the one there is:",
    ...schemas,
  ].join("\n");
}

/** A role that may neither make a new database nor empty the one there is. */
async function mayNotReplace(error: unknown, { database, user }: ServerTarget, holder: Database): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "42501") return error;
  const notOwned = await holder.query<NotOwned>(NOT_OWNED);
  return new ConfitureError(
    "sync_target_failed",
    `On the target, the role ${user} may neither replace the database "${database}" nor empty it: ${error.server.message}`,
    {
      hint: rightsNeeded(database, quoteIdentifier(user), notOwned),
      data: { sqlstate: "42501", side: "target", role: user },
    },
  );
}

/** Whether a copy into a database was begun and never ended. */
export async function isIncomplete(database: Database): Promise<boolean> {
  const rows = await database.query(
    "select 1 from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.=) $1",
    [INCOMPLETE_SCHEMA],
  );
  return rows.length > 0;
}
