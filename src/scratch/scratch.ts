import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { withEmbeddedScratch } from "./embedded-scratch.ts";
import { claimName, dropForgotten, dropRolesOf } from "./forgotten.ts";
import type { OnLeftOut } from "./left-out.ts";
import { withRoom } from "./room.ts";
import { scratchSession } from "./session.ts";
import type { DatabaseTraits, ScratchSite } from "./site.ts";

export interface ScratchOptions {
  readonly scratch: ScratchSite;
  readonly signal?: AbortSignal | undefined;
  readonly onLeftOut?: OnLeftOut | undefined;
}

/**
 * A database of its own for one piece of work, gone afterwards, also when the work is interrupted. Work that needs more locks than
 * the embedded engine has room for is begun anew where there is more.
 * @throws ConfitureError `scratch_unusable`, and as `work`
 */
export async function withScratch<T>(
  { scratch: site, signal, onLeftOut = () => {} }: ScratchOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  if (site.engine === "embedded") {
    return await withRoom(site, () => withEmbeddedScratch(site.like?.settings ?? {}, { signal, onLeftOut }, work));
  }
  return await withDatabase(site, {}, async (maintenance) => {
    await dropForgotten(maintenance);
    const name = await claimName(maintenance);
    await createScratch(maintenance, name, site);
    let opened = false;
    try {
      await giveSettings(maintenance, name, site.like?.settings ?? {});
      return await withDatabase({ ...site, database: name }, { signal }, (database) => {
        opened = true;
        const terminate = async (): Promise<void> => {
          await maintenance.query("select pg_catalog.pg_terminate_backend($1)", [database.backendPid]);
        };
        return work(scratchSession(database, { name, onLeftOut, signal: () => signal, terminate }));
      });
    } catch (error) {
      const isOwn = error instanceof ConfitureError && error.code !== "interrupted";
      throw opened || !isOwn ? error : unreachable(site, error);
    } finally {
      await maintenance.execute(`drop database ${quoteIdentifier(name)} with (force)`);
      await dropRolesOf(maintenance, name);
    }
  });
}

function unreachable(site: ServerTarget, error: ConfitureError): ConfitureError {
  const state = error.server?.sqlstate;
  return error.with({
    code: "scratch_unusable",
    message: `A scratch database was made on ${site.host}:${site.port} and cannot be connected to: ${error.message}`,
    hint: `${state !== undefined && OF_POOLERS.has(state) ? PAST_POOLER : withEnd(error.hint)}Or work in the embedded PostgreSQL: --scratch embedded`,
  });
}

/**
 * A pooler may know only the databases that it was told of, and says of one that was just made that there is none, or, as PgBouncer
 * and Supavisor do, gives a code for troubles of its own.
 */
const OF_POOLERS: ReadonlySet<string> = new Set(["3D000", "08P01", "XX000"]);

const PAST_POOLER = "Is there a pooler in between, which does not know it? Name the server itself with --scratch URL. ";

function withEnd(hint: string | undefined): string {
  return hint === undefined ? "" : `${hint}\n`;
}

async function createScratch(
  maintenance: Database,
  name: string,
  site: ScratchSite & { readonly engine: "server" },
): Promise<void> {
  // template0: what an administrator has put into template1 is in no schema file.
  const create = `create database ${quoteIdentifier(name)} template template0`;
  try {
    await maintenance.execute(`${create}${localeClause(site.like)}`).catch(async (error: unknown) => {
      if (site.like === undefined) throw error;
      // Another server, version or system may not have that locale. What goes by it then fails where it is made.
      await maintenance.execute(create);
    });
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    throw error.with({
      code: "scratch_unusable",
      message: `No scratch database can be made on ${site.host}:${site.port}: ${error.message}`,
      hint: `${CREATE_HINTS[error.server.sqlstate] ?? ""}Or work in the embedded PostgreSQL: --scratch embedded`,
    });
  }
}

const CREATE_HINTS: Readonly<Record<string, string>> = {
  "42501": "Its role needs the right to create databases: ALTER ROLE ... CREATEDB. ",
  "25006":
    "It is read-only: a standby, or default_transaction_read_only is on. Name another server with --scratch URL. ",
};

function localeClause(like: DatabaseTraits | undefined): string {
  return Object.entries(like?.locale ?? {})
    .map(([option, value]) => ` ${option} ${quoteLiteral(value)}`)
    .join("");
}

/** Sessions of the scratch database begin with them, and go back to them when something resets what was set. */
async function giveSettings(maintenance: Database, name: string, settings: DatabaseTraits["settings"]): Promise<void> {
  for (const [setting, value] of Object.entries(settings)) {
    const words = setting.split(".").map(quoteIdentifier).join(".");
    try {
      // FROM CURRENT, because a list such as a search_path is not one word.
      await maintenance.execute(
        `begin; select pg_catalog.set_config(${quoteLiteral(setting)}, ${quoteLiteral(value)}, true); alter role current_user in database ${quoteIdentifier(name)} set ${words} from current; commit`,
      );
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
      // One that this server does not know, or that its role may not set.
      await maintenance.execute("rollback");
    }
  }
}
