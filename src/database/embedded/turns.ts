import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { splitStatements } from "#sql/split.ts";
import { backendMessages, message, simpleQuery } from "./protocol.ts";
import type { Backend } from "../backend.ts";
import { readRow } from "../responses.ts";
import { TurnCancelled } from "../turn-cancelled.ts";
import { Client, type TurnTaking } from "./client.ts";

/** What a session has set, and who it acts for, which are no settings like others. */
const SETTINGS = `select name, setting from pg_catalog.pg_settings where source operator(pg_catalog.=) 'session'
  union all select name, pg_catalog.current_setting(name) from (values ('session_authorization'), ('role')) as who (name)
  where pg_catalog.current_setting(name) operator(pg_catalog.<>) all (array['none', '', 'postgres'])`;

const OWN_PREPARED = "select name, statement from pg_catalog.pg_prepared_statements where from_sql";
const LOCKED = "select 1 from pg_catalog.pg_locks where locktype operator(pg_catalog.=) 'advisory' limit 1";
const AS_AT_START = "reset session authorization; reset role; reset all";

/** Milliseconds after which somebody should hear that a client waits for another one's transaction. */
const LONG = 5_000;

/**
 * Lets several clients use one backend in turn, a transaction at a time. What PostgreSQL keeps for a session comes and goes
 * with its client: settings, the role, and prepared statements. Temporary tables and cursors WITH HOLD are everybody's.
 */
export class Turns implements TurnTaking {
  readonly #backend: Backend;
  readonly #onStalled: (waiting: Client, holder: Client) => void;
  readonly #clients = new Set<Client>();
  #holder: Client | undefined;
  readonly #waiting: { client: Client; begin: () => void; fail: (error: Error) => void }[] = [];
  /** Whose settings the backend has, and which. */
  #current: Client | undefined;
  #settings: ReadonlyMap<string, string> = new Map();
  readonly loaded = new Map<string, Client>();

  constructor(backend: Backend, onStalled: (waiting: Client, holder: Client) => void) {
    this.#backend = backend;
    this.#onStalled = onStalled;
  }

  join(name: string): Client {
    const client = new Client(this, this.#backend, name);
    this.#clients.add(client);
    return client;
  }

  holds(client: Client): boolean {
    return this.#holder === client;
  }

  take(client: Client): Promise<void> | undefined {
    if (this.#holder === client) return undefined;
    if (this.#holder === undefined) {
      this.#holder = client;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const stalled = setTimeout(() => this.#holder && this.#onStalled(client, this.#holder), LONG);
      stalled.unref();
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(stalled);
          then(value);
        };
      this.#waiting.push({ client, begin: settle<void>(resolve), fail: settle(reject) });
    });
  }

  release(client: Client): void {
    if (this.#holder !== client) return;
    const next = this.#waiting.shift();
    this.#holder = next?.client;
    next?.begin();
  }

  /** Ends a client's waiting. */
  cancel(client: Client): void {
    const at = this.#waiting.findIndex((waiting) => waiting.client === client);
    if (at >= 0) this.#waiting.splice(at, 1)[0]!.fail(new TurnCancelled());
  }

  enter(client: Client): void {
    if (this.#current === client) return;
    this.#keepSession();
    this.#current = client;
    if (!equal(this.#settings, client.settings)) {
      const sets = [...client.settings].map(
        ([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
      );
      this.#ask(`${AS_AT_START}${sets.length === 0 ? "" : `; select ${sets.join(", ")}`}`);
      this.#settings = client.settings;
    }
    for (const statement of client.ownPrepared) this.#ask(statement);
  }

  #keepSession(): void {
    const client = this.#current;
    if (client === undefined) return;
    if (client.changesSettings) {
      client.settings = new Map(
        this.#ask(settingsOf(client.customNames)).map(([name, value]) => [name ?? "", value ?? ""]),
      );
      client.changesSettings = client.mayChangeSettings;
      this.#settings = client.settings;
    }
    if (!client.prepares) return;
    const prepared = this.#ask(OWN_PREPARED);
    // The text is all that was sent with it, which must not run again.
    client.ownPrepared = prepared
      .map(([, statement]) => statement ?? "")
      .filter((text) => splitStatements(text).statements.length === 1);
    client.prepares = prepared.length > 0;
    for (const [name] of prepared) this.#ask(`deallocate ${quoteIdentifier(name ?? "")}`);
  }

  isLocked(): boolean {
    return this.#ask(LOCKED).length > 0;
  }

  leave(client: Client): void {
    if (!this.#clients.delete(client)) return;
    this.cancel(client);
    try {
      if (this.#holder === client) {
        this.#backend.run(message("S"), true, () => {});
        this.#ask("rollback");
        this.#ask("select pg_catalog.pg_advisory_unlock_all()");
      }
      if (this.#current === client) {
        client.changesSettings = true;
        this.#keepSession();
        this.#current = undefined;
      }
      if (this.#clients.size === 0) {
        // What is shared has an end as well.
        this.#ask(AS_AT_START);
        this.#ask("discard all");
        this.#settings = new Map();
        this.loaded.clear();
      }
    } catch {
      // A backend that broke down has no session left to clean, and refuses the next one itself.
    } finally {
      this.release(client);
    }
  }

  /** Rows of a question of our own. */
  #ask(sql: string): (string | null)[][] {
    const parts: Buffer[] = [];
    this.#backend.run(simpleQuery(sql), true, (bytes) => parts.push(bytes));
    return backendMessages(Buffer.concat(parts))
      .filter((reply) => reply[0] === DATA_ROW)
      .map((reply) => readRow(reply.subarray(5)));
  }
}

const DATA_ROW = "D".charCodeAt(0);

function settingsOf(customNames: ReadonlySet<string>): string {
  if (customNames.size === 0) return SETTINGS;
  const names = [...customNames].map((name) => `(${quoteLiteral(name)})`);
  return `${SETTINGS} union all select name, pg_catalog.current_setting(name, true) from (values ${names.join(", ")}) as own (name)
    where pg_catalog.current_setting(name, true) operator(pg_catalog.<>) ''`;
}

function equal(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
