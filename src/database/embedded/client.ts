import { backendMessages, type FrontendMessage, message, statementText } from "./protocol.ts";
import { withoutOrigin, withRefusals } from "./refused.ts";
import type { Backend } from "../backend.ts";

/** Statements that may change what belongs to a session, as far as their text tells. */
const CHANGES_SETTINGS = /\b(?:set|reset|discard|set_config)\b/i;
const PREPARES = /\b(?:prepare|deallocate|discard)\b/i;
const FORGETS_STATEMENTS = /\b(?:deallocate|discard)\b/i;
const LOCKS = /advisory/i;
/** Settings of no program but the client's own (`app.tenant`), which PostgreSQL does not list. */
const CUSTOM = /(?<![\w.])[a-z_]\w*(?:\.\w+)+(?![\w.])/gi;
/** Names to remember of a client at most. */
const MOST_NAMES = 100;
/** Longer texts are data. */
const LONGEST_WITH_NAMES = 10_000;

/** How a client comes to the backend that it shares with others. */
export interface TurnTaking {
  /** @returns what to wait for, unless the turn is the client's already */
  take(client: Client): Promise<void> | undefined;
  holds(client: Client): boolean;
  /** Gives the turn to whoever waits longest. */
  release(client: Client): void;
  /** Gives the backend the session of the client whose turn it is. */
  enter(client: Client): void;
  /** Whether somebody holds an advisory lock. */
  isLocked(): boolean;
  /** Undoes what a client has open, and forgets it. */
  leave(client: Client): void;
  /** Whose prepared statement stands in the backend under a name. */
  readonly loaded: Map<string, Client>;
}

/** The backend as one of several clients has it. */
export class Client implements Backend {
  readonly #turns: TurnTaking;
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

  constructor(turns: TurnTaking, backend: Backend, name: string) {
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
    for (const given of backendMessages(messages)) {
      const type = String.fromCharCode(given[0]!);
      const bytes = withRefusals(given);
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
      const reply = all.subarray(at, end);
      const seen = this.#shows(reply) ? withoutOrigin(reply) : undefined;
      if (seen !== reply) {
        shown.push(all.subarray(from, at), ...(seen === undefined ? [] : [seen]));
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
