import { setTimeout as sleep } from "node:timers/promises";
import emptyDatabase from "#build/empty-database.sql" with { type: "text" };
import type { Database, OpenOptions } from "#database/database.ts";
import { openDatabase, withDatabase } from "#database/open.ts";
import { refuseTransactionPooling } from "#database/pooling.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { INCOMPLETE_SCHEMA } from "#compare/copied-schema.ts";
import { acquireLock } from "#migrate/lock.ts";
import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { COPY_MARK, type PreparedTarget } from "./prepared-target.ts";

/** Every server has it unless someone dropped it. */
const MAINTENANCE_DATABASE = "postgres";

/** How a new database is to be, like the one whose place it takes. */
interface Traits {
  readonly oid: number;
  readonly owner: string;
  readonly creation: string;
  readonly connection_limit: number;
  readonly grants:
    | readonly { readonly grantee: string; readonly privileges: string; readonly option: boolean }[]
    | null;
  readonly settings: readonly { readonly role: string | null; readonly config: string }[] | null;
  readonly may_create: boolean;
  readonly is_template: boolean;
  readonly subscriptions: number;
}

/**
 * Makes room for the copy: a new database beside the old one where the role may, the old one emptied otherwise.
 * @throws ConfitureError `connect_*`, `lock_held`, `sync_target_failed`
 */
export async function prepareServer(target: ServerTarget, options: OpenOptions): Promise<PreparedTarget> {
  const old = await withDatabase(target, options, async (database) => {
    await refuseTransactionPooling(target, database, options.signal);
    return await readTraits(database);
  });
  if (!old.may_create) return await inPlace(target, options);
  requireDroppable(target.database, old);
  if (target.database === MAINTENANCE_DATABASE) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The target is the database "${MAINTENANCE_DATABASE}", from which others are renamed: nothing can take its place`,
      { hint: "Make a database of its own for the copy. Nothing was changed." },
    );
  }
  const maintenance = await openDatabase({ ...target, database: MAINTENANCE_DATABASE }, options);
  try {
    await lockTarget(maintenance, target.database, options);
    const removed = await dropLeftovers(maintenance, target.database);
    const name = await createBeside(maintenance, target.database, old);
    return new NewDatabase(target, options, maintenance, name, old, removed);
  } catch (error) {
    await maintenance.close();
    throw error;
  }
}

/**
 * What PostgreSQL would refuse when the copy is complete.
 * @throws ConfitureError `sync_not_allowed`
 */
function requireDroppable(name: string, { is_template: isTemplate, subscriptions }: Traits): void {
  if (!isTemplate && subscriptions === 0) return;
  const [why, first] = isTemplate
    ? ["is a template", `ALTER DATABASE ${quoteIdentifier(name)} IS_TEMPLATE false`]
    : ["has a subscription", "DROP SUBSCRIPTION in it"];
  throw new ConfitureError("sync_not_allowed", `The target "${name}" ${why}, and PostgreSQL drops no such database`, {
    hint: `Nothing was changed. To replace it: ${first}`,
  });
}

/** One copy at a time goes into a database. */
async function lockTarget(session: Database, name: string, { signal }: OpenOptions): Promise<void> {
  const key = new Bun.CryptoHasher("sha256").update(`confiture-sync\0${name}`).digest().readBigInt64BE(0);
  try {
    await acquireLock(session, key, { wait: 0, signal });
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "lock_held") throw error;
    const { pid } = (error.data?.["holder"] ?? {}) as { readonly pid?: number };
    throw error.with({
      message: error.message.replace("Another runner is at work", "Another copy goes into the target"),
      hint: `Nothing was changed. Run it again when the other one has finished. If that process is stuck: SELECT pg_terminate_backend(${pid ?? "PID"})`,
    });
  }
}

async function readTraits(database: Database): Promise<Traits> {
  const [row] = await database.query<Traits>(
    `select d.oid::pg_catalog.int8::pg_catalog.float8 as oid, pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text as owner,
            pg_catalog.format('encoding %L lc_collate %L lc_ctype %L', pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
              || coalesce(case pg_catalog.to_jsonb(d) ->> 'datlocprovider'
                   when 'i' then pg_catalog.format(' locale_provider icu icu_locale %L', coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'))
                     || coalesce(pg_catalog.format(' icu_rules %L', pg_catalog.to_jsonb(d) ->> 'daticurules'), '')
                   when 'b' then pg_catalog.format(' locale_provider builtin builtin_locale %L', pg_catalog.to_jsonb(d) ->> 'datlocale')
                 end, '')
              || coalesce((select pg_catalog.format(' tablespace %I', t.spcname) from pg_catalog.pg_tablespace t
                   where t.oid operator(pg_catalog.=) d.dattablespace and t.spcname operator(pg_catalog.<>) 'pg_default'), '') as creation,
            d.datconnlimit as connection_limit, d.datistemplate as is_template,
            (select pg_catalog.count(s.subdbid)::pg_catalog.int4 from pg_catalog.pg_subscription s
              where s.subdbid operator(pg_catalog.=) d.oid) as subscriptions,
            (select pg_catalog.json_agg(pg_catalog.json_build_object('grantee', case a.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
                'privileges', a.privilege_type, 'option', a.is_grantable))
               from pg_catalog.aclexplode(d.datacl) a) as grants,
            (select pg_catalog.json_agg(pg_catalog.json_build_object('role', case s.setrole when 0 then null else pg_catalog.pg_get_userbyid(s.setrole) end, 'config', c))
               from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c where s.setdatabase operator(pg_catalog.=) d.oid) as settings,
            (select r.rolsuper or (r.rolcreatedb and pg_catalog.pg_has_role(d.datdba, 'member')) from pg_catalog.pg_roles r
              where r.rolname operator(pg_catalog.=) current_user) as may_create
       from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()`,
  );
  return row!;
}

/** A connection limit that nobody else gives: a run may be killed between CREATE DATABASE and COMMENT. */
const UNFINISHED_LIMIT = 2_000_000_000;

interface Leftover {
  readonly name: string;
  readonly marked: boolean;
}

/** What the comments on databases beside a target say, and of nothing else. */
const commentsOf = (name: string): readonly [unfinished: string, replaced: string] => [
  `${COPY_MARK}, not finished: it was to take the place of ${name}`,
  `${COPY_MARK}, replaced: it was ${name}`,
];

/** Databases of runs that were killed. Nobody is at work on them: the caller holds the lock. */
async function dropLeftovers(maintenance: Database, name: string): Promise<string[]> {
  const marked = (await besides(maintenance, name)).filter((left) => left.marked);
  const removed: string[] = [];
  for (const { name: left } of marked) {
    try {
      await maintenance.execute(`drop database if exists ${quoteIdentifier(left)} with (force)`);
      removed.push(left);
    } catch (error) {
      // What cannot be dropped, as with a subscription in it, is no reason to copy nothing.
      if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    }
  }
  return removed;
}

async function besides(maintenance: Database, name: string): Promise<Leftover[]> {
  const rows = await maintenance.query<Leftover>(
    `select d.datname::pg_catalog.text as name,
            coalesce(pg_catalog.shobj_description(d.oid, 'pg_database') operator(pg_catalog.=) any ($2::pg_catalog.text[]),
              d.datconnlimit operator(pg_catalog.=) $3) as marked
       from pg_catalog.pg_database d where pg_catalog.starts_with(d.datname::pg_catalog.text, $1)`,
    [prefixOf(name), commentsOf(name), UNFINISHED_LIMIT],
  );
  return rows.filter((row) => /^\d+$/.test(row.name.slice(prefixOf(name).length)));
}

/** With room for a number, which PostgreSQL would cut off. Of two long names that begin alike, each has its own. */
function prefixOf(name: string): string {
  const end = "_sync_";
  const room = NAME_BYTES - end.length - LONGEST_NUMBER;
  if (Buffer.byteLength(name) <= room) return name + end;
  const digest = `_${new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 8)}`;
  return clipName(name, room - digest.length) + digest + end;
}

const LONGEST_NUMBER = 8;

async function createBeside(maintenance: Database, name: string, old: Traits): Promise<string> {
  const taken = new Set((await besides(maintenance, name)).map((left) => left.name));
  for (let number = 1; ; number++) {
    const fresh = `${prefixOf(name)}${number}`;
    if (taken.has(fresh)) continue;
    try {
      await maintenance.execute(
        `create database ${quoteIdentifier(fresh)} template template0 ${old.creation} connection limit ${UNFINISHED_LIMIT}`,
      );
    } catch (error) {
      if (error instanceof ConfitureError && error.server?.sqlstate === "42P04") {
        taken.add(fresh);
        continue;
      }
      throw error;
    }
    await maintenance.execute(`comment on database ${quoteIdentifier(fresh)} is ${quoteLiteral(commentsOf(name)[0])}`);
    return fresh;
  }
}

const UNKNOWN =
  "Whether the copy has taken the target's place is not known; it is the old one or the new one, whole. `confiture sync verify` tells which.";

/** How often the sessions of the old database are ended before the swap is given up; PostgreSQL waits five seconds each time. */
const SWAPS = 6;

class NewDatabase implements PreparedTarget {
  readonly place = "new database";
  readonly removed: readonly string[];
  readonly engine = "server";
  readonly #target: ServerTarget;
  readonly #options: OpenOptions;
  readonly #maintenance: Database;
  readonly #name: string;
  readonly #old: Traits;

  constructor(
    target: ServerTarget,
    options: OpenOptions,
    maintenance: Database,
    name: string,
    old: Traits,
    removed: readonly string[],
  ) {
    this.#target = target;
    this.#options = options;
    this.#maintenance = maintenance;
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
      await this.#endSessions();
      try {
        await this.#maintenance.execute(swap);
        break;
      } catch (error) {
        if (error instanceof ConfitureError && error.code === "connection_lost") throw error.with({ hint: UNKNOWN });
        await this.#maintenance.execute("rollback");
        // object_in_use: somebody came in, or has not gone yet.
        if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "55006" || attempt === SWAPS)
          throw inUse(error);
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

  async abandon(): Promise<void> {
    try {
      await this.#maintenance.execute(`drop database if exists ${quoteIdentifier(this.#name)} with (force)`);
    } catch {
      // The server may be gone; the next run removes it.
    }
    await this.#maintenance.close();
  }

  async #freeNumber(): Promise<number> {
    const taken = new Set((await besides(this.#maintenance, this.#target.database)).map(({ name }) => name));
    let number = 1;
    while (taken.has(`${prefixOf(this.#target.database)}${number}`)) number++;
    return number;
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

function inUse(error: unknown): unknown {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "55006") return error;
  return error.with({
    code: "sync_target_failed",
    message: `The copy is complete, but cannot take the target's place: ${error.message}`,
    hint: "Sessions keep coming into the target faster than they can be ended, or belong to roles that this one may not end. Stop the applications that use it, and run it again. What the target held before is still there.",
  });
}

/** Without the right to create databases, the target itself is emptied and says so until it is whole. */
async function inPlace(target: ServerTarget, options: OpenOptions): Promise<PreparedTarget> {
  const holder = await openDatabase(target, options);
  try {
    await lockTarget(holder, target.database, options);
    await requireOwnExtensions(holder, target);
    const mark = quoteLiteral(`${COPY_MARK}, not finished: rows and objects are missing`);
    await holder.execute(
      `begin; ${emptyDatabase}; create schema ${INCOMPLETE_SCHEMA}; comment on schema ${INCOMPLETE_SCHEMA} is ${mark}; commit`,
    );
  } catch (error) {
    await holder.close();
    throw mayNotReplace(error, target);
  }
  return {
    place: "in place",
    engine: "server",
    removed: [],
    databaseTarget: target,
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
    abandon: async () => await holder.close(),
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

/** A role that may neither make a new database nor empty the one there is. */
function mayNotReplace(error: unknown, { database, user }: ServerTarget): unknown {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "42501") return error;
  const role = quoteIdentifier(user);
  return new ConfitureError(
    "sync_target_failed",
    `On the target, the role ${user} may neither replace the database "${database}" nor empty it: ${error.server.message}`,
    {
      hint: [
        "Nothing was changed. Run on the target, as a superuser:",
        `ALTER DATABASE ${quoteIdentifier(database)} OWNER TO ${role};`,
        `ALTER ROLE ${role} CREATEDB;`,
      ].join("\n"),
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
