import type { ResultColumn, ResultListener, TransactionState } from "./database.ts";

/** The server does not keep to the protocol. The message completes "it ...". */
export class ProtocolViolation extends Error {}

const COMMAND_COMPLETE = 0x43;
const ERROR_RESPONSE = 0x45;
const NOTICE_RESPONSE = 0x4e;
const READY_FOR_QUERY = 0x5a;
const ROW_DESCRIPTION = 0x54;
const DATA_ROW = 0x44;
const AUTHENTICATION = 0x52;
const COPY_OUT = 0x48;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const HEADER = 5;

/** Message types that a client of our kind may get, and those of them that may be long, as in libpq. */
const KNOWN = new Set(Buffer.from("123ACDEGHIKNRSTZcdnstv"));
const LONG = new Set(Buffer.from("ADENTdt"));
const LONGEST_SHORT = 30_000;
/** PostgreSQL's own limit for a message: it is built in one allocation (MaxAllocSize). */
const LONGEST = 0x3fffffff;
/** Of 1,664 columns, which is PostgreSQL's limit, whose names take 64 bytes each. */
const LONGEST_ROW_DESCRIPTION = 1 << 18;
/** What the server may send between its first message and the answer to our first query. */
const LONGEST_OPENING = 1_000_000;
/** Of an error; what tells it apart stands at its beginning. */
const READ_OF_ERROR = 1 << 16;
/** What a listener hears in the driver's place, and all that is read for it. */
const HEARD_ALONE = new Set([ROW_DESCRIPTION, DATA_ROW, COPY_OUT, COPY_DATA, COPY_DONE]);
const HEARD = new Set([ROW_DESCRIPTION, DATA_ROW, COPY_DATA, COMMAND_COMPLETE, READY_FOR_QUERY]);

/**
 * Watches the server's side of a session, for the driver trusts it: that every message is of a known kind and a possible
 * size, and two things that the driver does not pass on: how many statements of a query had completed when one failed,
 * and the FATAL report before the server hangs up. Each message is a type byte, a 32-bit length that counts
 * itself, and a body (protocol manual, "Message Formats").
 */
export class ResponseWatcher {
  /** Completed statements before the failing one, a number for each failed query, oldest first. */
  readonly #failedAfter: number[] = [];
  /** Of each notice, how many queries were answered before it, oldest first. */
  readonly #noticedAfter: number[] = [];
  /** Not counting the answer to the start of the session. */
  #answered = -1;
  #completed = 0;
  #failed = false;
  #farewell: { sqlstate: string; message: string } | undefined;
  #authenticated = false;
  /** Bytes that may still come before the session is open; undefined afterwards. */
  #opening: number | undefined = LONGEST_OPENING;

  /** A header cut by the end of a chunk. */
  #head: Buffer | undefined;
  /** A body, or its beginning, that is being read, and how many bytes of it are missing. */
  #body: Body | undefined;
  /** Bytes of the current message that nobody reads here. */
  #skip = 0;

  /**
   * Whether nobody waits for rows or for how many there are: of a query's answers only the last is passed on then, since the
   * driver takes longer over each than the server. Looked at when a message begins.
   */
  discarding = false;
  /** Hears the results of the query that is being answered, instead of the driver. */
  listener: ResultListener | undefined;
  #fate: "pass" | "drop" | "hold" = "pass";
  #dropsRows = false;
  /** The last CommandComplete, until it is known what follows. */
  #held: Buffer[] = [];

  /**
   * @returns what the driver is to see. Where that is nothing, nobody holds a part of the chunk afterwards
   * @throws ProtocolViolation; nothing of the chunk must be used then, nor anything behind it
   */
  feed(bytes: Buffer): Buffer {
    if (this.#opening !== undefined && (this.#opening -= bytes.length) < 0) {
      throw new ProtocolViolation("sent too much before the session was ready");
    }
    const passed: Buffer[] = [];
    /** From here on nothing has been given its fate yet. */
    let from = 0;
    const settle = (to: number): void => {
      if (to > from && this.#fate !== "drop") {
        const part = bytes.subarray(from, to);
        if (this.#fate === "hold") this.#held.push(Buffer.from(part));
        else passed.push(part);
      }
      from = to;
    };
    let at = 0;
    if (this.#head !== undefined) {
      at = HEADER - this.#head.length;
      // Never the whole chunk: one of short rows is cut here every few times.
      const header = Buffer.concat([this.#head, bytes.subarray(0, at)]);
      this.#head = undefined;
      if (header.length < HEADER) {
        this.#head = header;
        return NOTHING;
      }
      this.#fate = this.#fateOf(header[0]!);
      if (this.#fate === "pass") passed.push(...this.#held, header);
      if (this.#fate !== "drop") this.#held = this.#fate === "hold" ? [header] : [];
      this.#begin(header[0]!, header.readUInt32BE(1));
      from = at;
    }
    while (at < bytes.length) {
      if (this.#body !== undefined) at += this.#readBody(this.#body, bytes.subarray(at));
      else if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
      } else if (at + HEADER > bytes.length) {
        this.#head = Buffer.from(bytes.subarray(at));
        break;
      } else if (bytes[at] === COPY_DATA && this.listener !== undefined && isWhole(bytes, at)) {
        // The same as below, for what comes by the million.
        if (this.#fate !== "drop") {
          settle(at);
          this.#fate = "drop";
        }
        const end = at + 1 + bytes.readUInt32BE(at + 1);
        this.listener.copied(bytes, at + HEADER, end);
        at = end;
      } else {
        const type = bytes[at]!;
        const fate = this.#fateOf(type);
        if (fate !== this.#fate || fate === "hold") {
          settle(at);
          this.#fate = fate;
        }
        if (fate === "pass") passed.push(...this.#held);
        if (fate !== "drop") this.#held = [];
        this.#begin(type, bytes.readUInt32BE(at + 1));
        at += HEADER;
      }
    }
    settle(at);
    return passed.length === 1 ? passed[0]! : Buffer.concat(passed);
  }

  #fateOf(type: number): "pass" | "drop" | "hold" {
    if (this.listener !== undefined && HEARD_ALONE.has(type)) return "drop";
    // Rows go the way of their description, whatever was asked for in the meantime.
    if (type === DATA_ROW) return this.#dropsRows ? "drop" : "pass";
    if (type === ROW_DESCRIPTION) this.#dropsRows = this.discarding;
    else if (type === COMMAND_COMPLETE || type === ERROR_RESPONSE) this.#dropsRows = false;
    if (!this.discarding) return "pass";
    if (type === COMMAND_COMPLETE) return "hold";
    return type === ROW_DESCRIPTION ? "drop" : "pass";
  }

  /** The first query of ours is answered: from now on the server may send as much as it is asked for. */
  opened(): void {
    this.#opening = undefined;
  }

  #begin(type: number, length: number): void {
    if (!KNOWN.has(type) || (type === AUTHENTICATION && this.#authenticated)) {
      throw new ProtocolViolation(`sent a message of an unexpected kind (${type})`);
    }
    const longest = type === ROW_DESCRIPTION ? LONGEST_ROW_DESCRIPTION : LONG.has(type) ? LONGEST : LONGEST_SHORT;
    if (length < 4 || length > longest) throw new ProtocolViolation(`sent a message of ${length} bytes`);
    if (type === NOTICE_RESPONSE) this.#noticedAfter.push(this.#answered);
    const size = length - 4;
    const read = this.#lengthRead(type, size);
    this.#skip = size - read;
    if (read > 0) this.#body = { type, parts: [], missing: read };
    else this.#message(type, NOTHING);
  }

  #lengthRead(type: number, size: number): number {
    if (type === ROW_DESCRIPTION || (this.listener !== undefined && HEARD.has(type))) return size;
    return type === ERROR_RESPONSE ? Math.min(size, READ_OF_ERROR) : 0;
  }

  /** @returns how many bytes were used */
  #readBody(body: Body, bytes: Buffer): number {
    const part = bytes.subarray(0, body.missing);
    body.missing -= part.length;
    body.parts.push(body.missing === 0 ? part : Buffer.from(part));
    if (body.missing === 0) {
      this.#body = undefined;
      this.#message(body.type, body.parts.length === 1 ? part : Buffer.concat(body.parts));
    }
    return part.length;
  }

  #message(type: number, body: Buffer): void {
    if (type === COMMAND_COMPLETE) {
      this.#completed++;
    } else if (type === ERROR_RESPONSE) {
      this.#failed = true;
      this.#readError(body.toString("utf8"));
    } else if (type === READY_FOR_QUERY) {
      this.#authenticated = true;
      this.#answered++;
      if (this.#failed) this.#failedAfter.push(this.#completed);
      this.#completed = 0;
      this.#failed = false;
    } else if (type === ROW_DESCRIPTION) requireColumns(body);
    if (this.listener !== undefined) tell(this.listener, type, body);
  }

  #readError(body: string): void {
    const fields = new Map(body.split("\0").map((field) => [field.slice(0, 1), field.slice(1)]));
    // Poolers may send only the translated one.
    const severity = fields.get("V") ?? fields.get("S");
    if (severity !== "FATAL" && severity !== "PANIC") return;
    this.#farewell = { sqlstate: fields.get("C") ?? "XX000", message: fields.get("M") ?? "" };
  }

  /** To be called once for each failed query, in order. */
  takeFailedAfter(): number | undefined {
    return this.#failedAfter.shift();
  }

  /** To be called once for each notice, in order. */
  takeNoticedAfter(): number {
    return this.#noticedAfter.shift() ?? 0;
  }

  get farewell(): { sqlstate: string; message: string } | undefined {
    return this.#farewell;
  }
}

const NOTHING = Buffer.alloc(0);

/** Whether all of the message at `at` is there, with a length that is possible. */
function isWhole(bytes: Buffer, at: number): boolean {
  const length = bytes.readUInt32BE(at + 1);
  return length >= 4 && at + 1 + length <= bytes.length;
}

function tell(listener: ResultListener, type: number, body: Buffer): void {
  switch (type) {
    case DATA_ROW:
      return listener.row(readRow(body));
    case ROW_DESCRIPTION:
      return listener.columns(readColumns(body));
    case COPY_DATA:
      return listener.copied(body, 0, body.length);
    case COMMAND_COMPLETE:
      return listener.completed(body.toString("utf8", 0, Math.max(0, body.length - 1)));
    case READY_FOR_QUERY:
      return listener.ready(TRANSACTION_STATES[String.fromCharCode(body[0] ?? 0)] ?? "none");
  }
}

const TRANSACTION_STATES: Readonly<Record<string, TransactionState>> = { I: "none", T: "open", E: "failed" };

/** The values of a DataRow's body; a length of -1 stands for NULL. */
export function readRow(body: Buffer): (string | null)[] {
  if (body.length < 2) throw new ProtocolViolation("sent a row that is cut short");
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left--) {
    const length = at + 4 <= body.length ? body.readInt32BE(at) : Number.NaN;
    at += 4;
    const end = at + Math.max(0, length);
    if (!(length >= -1 && end <= body.length)) throw new ProtocolViolation("sent a row that is cut short");
    values.push(length === -1 ? null : body.toString("utf8", at, end));
    at = end;
  }
  return values;
}

/** Of a description that `requireColumns` has looked through. */
function readColumns(body: Buffer): ResultColumn[] {
  const columns: ResultColumn[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at);
    columns.push({ name: body.toString("utf8", at, end), type: body.readUInt32BE(end + 7) });
    at = end + 1 + COLUMN;
  }
  return columns;
}

interface Body {
  readonly type: number;
  readonly parts: Buffer[];
  missing: number;
}

/** After each column's name, which ends with a NUL: its table, number, type, size, modifier and format. */
const COLUMN = 18;

/** The driver would look for the end of a name beyond the message, and for ever. */
function requireColumns(body: Buffer): void {
  let at = 2;
  for (let left = body.length < 2 ? 1 : body.readUInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at);
    at = end + 1 + COLUMN;
    if (end < 0 || at > body.length) throw new ProtocolViolation("sent a description of rows that is cut short");
  }
}
