import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { splitStatements } from "#sql/split.ts";
import { backendMessages, type FrontendMessage, message, simpleQuery, statementText } from "./embedded-protocol.ts";
import type { Backend } from "./embedded-socket.ts";
import { readRow } from "./responses.ts";
import { TurnCancelled } from "./turn-cancelled.ts";

/** Statements that may change what belongs to a session, as far as their text tells. */
const CHANGES_SETTINGS = /\b(?:set|reset|discard|set_config)\b/i;
const PREPARES = /\b(?:prepare|deallocate|discard)\b/i;
const FORGETS_STATEMENTS = /\b(?:deallocate|discard)\b/i;
const LOCKS = /advisory/i;

/** What a session has set, and who it acts for, which are no settings like others. */
const SETTINGS = `select name, setting from pg_catalog.pg_settings where source operator(pg_catalog.=) 'session'
  union all select name, pg_catalog.current_setting(name) from (values ('session_authorization'), ('role')) as who (name)
  where pg_catalog.current_setting(name) operator(pg_catalog.<>) all (array['none', '', 'postgres'])`;
/** Settings of no program but the client's own (`app.tenant`), which PostgreSQL does not list. */
const CUSTOM = /(?<![\w.])[a-z_]\w*(?:\.\w+)+(?![\w.])/gi;
/** Names to remember of a client at most. */
const MOST_NAMES = 100;
/** Longer texts are data. */
const LONGEST_WITH_NAMES = 10_000;

const OWN_PREPARED = "select name, statement from pg_catalog.pg_prepared_statements where from_sql";
const LOCKED = "select 1 from pg_catalog.pg_locks where locktype operator(pg_catalog.=) 'advisory' limit 1";
const AS_AT_START = "reset session authorization; reset role; reset all";

/** Milliseconds after which somebody should hear that a client waits for another one's transaction. */
const LONG = 5_000;

/**
 * Lets several clients use one backend in turn, a transaction at a time. What PostgreSQL keeps for a session comes and goes
 * with its client: settings, the role, and prepared statements. Temporary tables and cursors WITH HOLD are everybody's.
 */
export class Turns {
  readonly #backend: Backend;
  readonly #onStalled: (waiting: Client, holder: Client) => void;
  readonly #clients = new Set<Client>();
  #holder: Client | undefined;
  readonly #waiting: { client: Client; begin: () => void; fail: (error: Error) => void }[] = [];
  /** Whose settings the backend has, and which. */
  #current: Client | undefined;
  #settings: ReadonlyMap<string, string> = new Map();
  /** Whose prepared statement stands in the backend under a name. */
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

  /** Gives the turn to whoever waits longest. */
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

  /** Gives the backend the session of the client whose turn it is. */
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

  /** Undoes what a client has open, and forgets it. */
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

/** The backend as one of several clients has it. */
export class Client implements Backend {
  readonly #turns: Turns;
  readonly #backend: Backend;
  /** For messages: which of them it is. */
  readonly name: string;
  /** What it takes to cancel its work (protocol manual, "Canceling Requests in Progress"). */
  readonly secret = crypto.getRandomValues(new Uint32Array(1))[0]!;
  settings: ReadonlyMap<string, string> = new Map();
  changesSettings = false;
  /** Statements of its own making, with PREPARE. */
  ownPrepared: readonly string[] = [];
  readonly customNames = new Set<string>();
  prepares = false;
  #locks = false;
  /** Its Parse messages, by the statement's name. */
  readonly #parsed = new Map<string, Buffer>();
  /** For each ParseComplete and CloseComplete to come, whether the client asked for it. */
  #parses: boolean[] = [];
  #closes: boolean[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #status = "I";
  /** Between a Flush and the Sync that ends what it belongs to. */
  #isInCycle = false;
  /** A prepared statement may change settings, whenever it is executed. */
  #mayChangeSettings = false;
  /** ReadyForQuery messages to come that the client did not ask for. */
  #hiddenReadies = 0;

  constructor(turns: Turns, backend: Backend, name: string) {
    this.#turns = turns;
    this.#backend = backend;
    this.name = name;
  }

  get mayChangeSettings(): boolean {
    return this.#mayChangeSettings;
  }

  turn({ type }: FrontendMessage): Promise<void> | undefined {
    // What only collects until it is complete needs nobody; "" opens the session.
    return "QSHFcf".includes(type) ? this.#turns.take(this) : undefined;
  }

  run(messages: Parameters<Backend["run"]>[0], untilReady: boolean, onData: (bytes: Buffer) => void): void {
    if (!Buffer.isBuffer(messages)) throw new Error("a served client has its own data");
    this.#turns.enter(this);
    const opens = messages[0] === 0;
    if (opens) this.changesSettings = true;
    this.#backend.run(opens ? messages : this.#own(messages), untilReady, (bytes) => {
      const shown = this.#filter(bytes);
      if (shown.length > 0) onData(shown);
    });
    this.#isInCycle = !untilReady;
  }

  settle(): void {
    if (this.#status !== "I" || this.#isInCycle || !this.#turns.holds(this)) return;
    // A lock of a session's keeps others out only as long as no other client is let into it.
    if (!this.#locks || !this.#turns.isLocked()) this.#turns.release(this);
  }

  leave(): void {
    this.#turns.leave(this);
  }

  /** The client's messages, with those that bring its prepared statements where they are needed. */
  #own(messages: Buffer): Buffer {
    const sent: Buffer[] = [];
    for (const bytes of backendMessages(messages)) {
      const type = String.fromCharCode(bytes[0]!);
      if (type === "Q" || type === "P") this.#note(type, bytes, sent);
      if (type === "P") this.#parse(bytes, sent);
      else if (type === "B") {
        this.#need(textAt(bytes, bytes.indexOf(0, 5) + 1), sent);
        if (this.#mayChangeSettings) this.#noteNames(bytes.toString("latin1", 5));
      } else if (type === "D" && isStatement(bytes)) this.#need(textAt(bytes, 6), sent);
      else if (type === "C") {
        this.#close(bytes, sent);
        continue;
      }
      sent.push(bytes);
    }
    return Buffer.concat(sent);
  }

  #note(type: string, bytes: Buffer, sent: Buffer[]): void {
    const text = statementText({ type, bytes });
    if (CHANGES_SETTINGS.test(text)) {
      this.changesSettings = true;
      this.#noteNames(text);
    }
    this.#mayChangeSettings ||= type === "P" && this.changesSettings;
    this.prepares ||= PREPARES.test(text);
    this.#locks ||= LOCKS.test(text);
    if (!FORGETS_STATEMENTS.test(text)) return;
    // It may name one of them.
    for (const name of this.#parsed.keys()) if (name !== "") this.#need(name, sent);
    if (type === "Q" && sent.length > 0) {
      sent.push(message("S"));
      this.#hiddenReadies++;
    }
    this.#turns.loaded.clear();
  }

  #noteNames(text: string): void {
    if (text.length > LONGEST_WITH_NAMES) return;
    for (const [name] of text.matchAll(CUSTOM)) {
      if (this.customNames.size < MOST_NAMES) this.customNames.add(name.toLowerCase());
    }
  }

  #parse(bytes: Buffer, sent: Buffer[]): void {
    const name = textAt(bytes, 5);
    if (this.#turns.loaded.get(name) !== this) this.#free(name, sent);
    this.#parsed.set(name, bytes);
    this.#turns.loaded.set(name, this);
    this.#parses.push(true);
  }

  /** Has a statement in the backend that the client prepared, and that another one may have replaced. */
  #need(name: string, sent: Buffer[]): void {
    const parse = this.#parsed.get(name);
    if (parse === undefined || this.#turns.loaded.get(name) === this) return;
    this.#free(name, sent);
    sent.push(parse);
    this.#parses.push(false);
    this.#turns.loaded.set(name, this);
  }

  #free(name: string, sent: Buffer[]): void {
    // Closing one that does not exist is no error.
    sent.push(message("C", `S${name}\0`));
    this.#closes.push(false);
  }

  #close(bytes: Buffer, sent: Buffer[]): void {
    this.#closes.push(true);
    if (!isStatement(bytes)) {
      sent.push(bytes);
      return;
    }
    const name = textAt(bytes, 6);
    this.#parsed.delete(name);
    const isOther = this.#turns.loaded.has(name) && this.#turns.loaded.get(name) !== this;
    if (!isOther) this.#turns.loaded.delete(name);
    // Another client's stays; a portal of no name that is not there gives the same answer.
    sent.push(isOther ? message("C", `P${NO_PORTAL}\0`) : bytes);
  }

  /** What the client is to see; also reads on the way how its transaction stands. */
  #filter(bytes: Buffer): Buffer {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const shown: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at + 5 <= all.length) {
      const end = at + 1 + all.readUInt32BE(at + 1);
      if (end > all.length) break;
      if (!this.#shows(all.subarray(at, end))) {
        shown.push(all.subarray(from, at));
        from = end;
      }
      at = end;
    }
    shown.push(all.subarray(from, at));
    this.#rest = all.subarray(at);
    return shown.length === 1 ? shown[0]! : Buffer.concat(shown);
  }

  #shows(reply: Buffer): boolean {
    switch (String.fromCharCode(reply[0]!)) {
      case "1":
        return this.#parses.shift() ?? true;
      case "3":
        return this.#closes.shift() ?? true;
      case "K":
        reply.writeUInt32BE(this.secret, 9);
        return true;
      case "E":
        // What came behind it was left out, and may have been ours.
        this.#turns.loaded.clear();
        return true;
      case "Z":
        return this.#ready(String.fromCharCode(reply[5]!));
      default:
        return true;
    }
  }

  #ready(status: string): boolean {
    this.#parses = [];
    this.#closes = [];
    this.#status = status;
    if (this.#hiddenReadies === 0) return true;
    this.#hiddenReadies--;
    return false;
  }
}

const NO_PORTAL = "none has this name";

function isStatement(bytes: Buffer): boolean {
  return bytes[5] === "S".charCodeAt(0);
}

function textAt(bytes: Buffer, start: number): string {
  return bytes.toString("utf8", start, bytes.indexOf(0, start));
}
