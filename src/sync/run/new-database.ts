import { setTimeout as sleep } from "node:timers/promises";
import type { Database, OpenOptions } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import type { PreparedTarget } from "./prepared-target.ts";
import { END_PREPARED, type Traits } from "./database-traits.ts";
import { commentsOf, besides, prefixOf } from "./database-beside.ts";

const UNKNOWN =
  "Whether the copy has taken the target's place is not known; it is the old one or the new one, whole. `confiture sync verify` tells which.";

/** How often the sessions of the old database are ended before the swap is given up; PostgreSQL waits five seconds each time. */
const SWAPS = 6;

/** A new database beside the target, which takes its place when the copy is complete and proven. */
export class NewDatabase implements PreparedTarget {
  readonly place = "new database";
  readonly removed: readonly string[];
  readonly engine = "server";
  readonly #target: ServerTarget;
  readonly #options: OpenOptions;
  readonly #maintenance: Database;
  readonly #holder: Database;
  readonly #name: string;
  readonly #old: Traits;
  /** Whether the copy may have taken the target's place all the same. */
  #isUnknown = false;

  /** @param sessions that hold the lock: `maintenance` makes the swap, `holder` is in the target itself */
  constructor(
    target: ServerTarget,
    options: OpenOptions,
    sessions: { readonly maintenance: Database; readonly holder: Database },
    name: string,
    old: Traits,
    removed: readonly string[],
  ) {
    this.#target = target;
    this.#options = options;
    this.#maintenance = sessions.maintenance;
    this.#holder = sessions.holder;
    this.#name = name;
    this.#old = old;
    this.removed = removed;
  }

  get databaseTarget(): ServerTarget {
    return { ...this.#target, database: this.#name };
  }

  async open(): Promise<Database> {
    return await openDatabase(this.databaseTarget, this.#options);
  }

  /** Both names change in one transaction: whoever looks sees the old database or the new one. */
  async finish(comment: string): Promise<string | undefined> {
    const [fresh, name] = [quoteIdentifier(this.#name), quoteIdentifier(this.#target.database)];
    const { owner, connection_limit: limit, grants, settings } = this.#old;
    const likeOld = [
      `alter database ${fresh} owner to ${quoteIdentifier(owner)}`,
      `alter database ${fresh} connection limit ${limit}`,
      ...(grants === null ? [] : [`revoke all on database ${fresh} from public`]),
      ...(grants ?? []).map(
        ({ grantee, privileges, option }) =>
          `grant ${privileges} on database ${fresh} to ${grantee}${option ? " with grant option" : ""}`,
      ),
      ...(settings ?? []).map(({ role, config }) => settingOf(fresh, role, config)),
    ];
    await this.#maintenance.execute(likeOld.join("; "));
    await this.#holder.close();
    const aside = quoteIdentifier(`${prefixOf(this.#target.database)}${await this.#freeNumber()}`);
    const swap = [
      "begin",
      `alter database ${name} rename to ${aside}`,
      `alter database ${fresh} rename to ${name}`,
      `comment on database ${aside} is ${quoteLiteral(commentsOf(this.#target.database)[1])}`,
      // Until here its comment says that it is a leftover, should this run be killed.
      `comment on database ${name} is ${quoteLiteral(comment)}`,
      "commit",
    ].join("; ");
    for (let attempt = 1; ; attempt++) {
      // What follows is not interrupted: it is one transaction, and short.
      if (this.#options.signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
      await this.#endSessions();
      try {
        await this.#maintenance.execute(swap);
        break;
      } catch (error) {
        if (error instanceof ConfitureError && error.code === "connection_lost") {
          this.#isUnknown = true;
          throw error.with({ hint: UNKNOWN });
        }
        await this.#maintenance.execute("rollback");
        // object_in_use: somebody came in, or has not gone yet.
        if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "55006" || attempt === SWAPS)
          throw inUse(error, await this.#countPrepared());
        await sleep(100);
      }
    }
    let left: string | undefined;
    try {
      await this.#maintenance.execute(`drop database ${aside} with (force)`);
    } catch (error) {
      if (!(error instanceof ConfitureError)) throw error;
      left = `What the copy replaced is still there as ${aside}, and could not be dropped: ${error.message}`;
    }
    await this.#maintenance.close();
    return left;
  }

  async abandon(): Promise<string | undefined> {
    let left: string | undefined;
    try {
      await this.#maintenance.execute(`drop database if exists ${quoteIdentifier(this.#name)} with (force)`);
    } catch {
      // The server may be gone; the next run removes it.
      if (!this.#isUnknown) left = this.#name;
    }
    await Promise.all([this.#maintenance.close(), this.#holder.close()]);
    return left;
  }

  async #freeNumber(): Promise<number> {
    const taken = new Set((await besides(this.#maintenance, this.#target.database)).map(({ name }) => name));
    let number = 1;
    while (taken.has(`${prefixOf(this.#target.database)}${number}`)) number++;
    return number;
  }

  /** Prepared transactions in the target, which belong to no session. */
  async #countPrepared(): Promise<number> {
    const [row] = await this.#maintenance.query<{ n: number }>(
      "select pg_catalog.count(*)::pg_catalog.int4 as n from pg_catalog.pg_prepared_xacts p where p.database operator(pg_catalog.=) $1",
      [this.#target.database],
    );
    return row?.n ?? 0;
  }

  /** What keeps a database from being renamed. Those of a superuser stay where the role is none. */
  async #endSessions(): Promise<void> {
    await this.#maintenance.query(
      `select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a
        where a.datname operator(pg_catalog.=) any (array[$1, $2]::pg_catalog.name[]) and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()
          and (pg_catalog.pg_has_role(a.usesysid, 'member')
               or (select r.rolsuper from pg_catalog.pg_roles r where r.rolname operator(pg_catalog.=) current_user))`,
      [this.#target.database, this.#name],
    );
  }
}

/** `name=value` as PostgreSQL keeps it; lists stand there as SET takes them. */
function settingOf(database: string, role: string | null, config: string): string {
  const at = config.indexOf("=");
  const [name, value] = [config.slice(0, at), config.slice(at + 1)];
  const shown = /^(?:search_path|temp_tablespaces|(?:session|shared|local)_preload_libraries)$/.test(name)
    ? value === ""
      ? "''"
      : value
    : quoteLiteral(value);
  const quoted = name
    .split(".")
    .map((part) => quoteIdentifier(part))
    .join(".");
  return role === null
    ? `alter database ${database} set ${quoted} to ${shown}`
    : `alter role ${quoteIdentifier(role)} in database ${database} set ${quoted} to ${shown}`;
}

function inUse(error: unknown, prepared: number): unknown {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "55006") return error;
  return error.with({
    code: "sync_target_failed",
    message: `The copy is complete, but cannot take the target's place: ${error.message}`,
    hint: `${prepared > 0 ? END_PREPARED : COMING} What the target held before is still there.`,
  });
}

const COMING =
  "Sessions keep coming into the target faster than they can be ended, or belong to roles that this one may not end. Stop the applications that use it, and run it again.";
