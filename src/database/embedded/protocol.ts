import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord } from "#sql/lexer/word.ts";

/**
 * The part of PostgreSQL's frontend/backend protocol (version 3) that the embedded engine's socket
 * has to understand. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** One frontend message. `type` is its letter, or "" for the untyped messages that open a connection. */
export interface FrontendMessage {
  readonly type: string;
  /** The whole message, type and length included. */
  readonly bytes: Buffer;
}

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** PostgreSQL refuses longer messages too (PQ_LARGE_MESSAGE_LIMIT); beyond it the stream is not the protocol. */
const LONGEST_MESSAGE = 0x3fff_ffff;

/** Cuts a stream of bytes into frontend messages, wherever the writes happen to be split. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = 0;
  #untyped = true;

  /** Takes more bytes and returns the messages they complete. */
  read(chunk: Buffer): FrontendMessage[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // A large message arrives in many chunks; joining them before it is complete would be quadratic.
    if (this.#length < this.#needed) return [];

    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const messages: FrontendMessage[] = [];
    for (;;) {
      const header = this.#untyped ? 0 : 1;
      if (rest.length < header + 4) {
        this.#needed = header + 4;
        break;
      }
      const length = rest.readUInt32BE(header);
      if (length < 4 || length > LONGEST_MESSAGE) throw new Error(`invalid message length ${length}`);
      if (rest.length < header + length) {
        this.#needed = header + length;
        break;
      }
      const bytes = rest.subarray(0, header + length);
      const type = this.#untyped ? "" : String.fromCharCode(bytes[0]!);
      rest = rest.subarray(header + length);
      messages.push({ type, bytes });
      // An encryption request is answered and followed by the real startup message.
      if (this.#untyped && startupKind(bytes) === "startup") this.#untyped = false;
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return messages;
  }
}

/** What an untyped message asks for. */
export function startupKind(bytes: Buffer): "startup" | "encryption" | "cancel" {
  const code = bytes.readUInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return "encryption";
  return code === CANCEL_REQUEST ? "cancel" : "startup";
}

/** The name and value pairs of a startup message. */
export function startupParameters(bytes: Buffer): Map<string, string> {
  const parameters = new Map<string, string>();
  const words = bytes.toString("utf8", 8).split("\0");
  for (let i = 0; i + 1 < words.length && words[i] !== ""; i += 2) parameters.set(words[i]!, words[i + 1]!);
  return parameters;
}

/**
 * A frontend message of the given type.
 * @param more bytes of the body that are sent behind it
 */
export function message(type: string, body: string | Uint8Array = "", more = 0): Buffer {
  const payload = typeof body === "string" ? Buffer.from(body) : body;
  const bytes = Buffer.allocUnsafe(5 + payload.length);
  bytes.write(type, 0, "latin1");
  bytes.writeUInt32BE(4 + payload.length + more, 1);
  bytes.set(payload, 5);
  return bytes;
}

/** An ErrorResponse (protocol manual, "Error and Notice Message Fields"). */
export function errorMessage(severity: "ERROR" | "FATAL", sqlstate: string, text: string): Buffer {
  return message("E", `S${severity}\0V${severity}\0C${sqlstate}\0M${text}\0\0`);
}

/** A NoticeResponse. */
export function noticeMessage(severity: "WARNING", text: string): Buffer {
  return message("N", `S${severity}\0V${severity}\0C01000\0M${text}\0\0`);
}

/** A simple query. */
export function simpleQuery(sql: string): Buffer {
  return message("Q", sql + "\0");
}

/** The text of a simple query or of a Parse message. */
export function statementText(frontend: FrontendMessage): string {
  const { type, bytes } = frontend;
  if (type === "Q") return bytes.toString("utf8", 5, bytes.length - 1);
  const start = bytes.indexOf(0, 5) + 1;
  return bytes.toString("utf8", start, bytes.indexOf(0, start));
}

/** Cuts complete backend messages apart. */
export function backendMessages(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + bytes.readUInt32BE(start + 1);
    messages.push(bytes.subarray(start, end));
    start = end;
  }
  return messages;
}

/** Whether a query begins with a `COPY ... FROM STDIN`, which makes the backend wait for data. */
export function beginsWithCopyIn(sql: string): boolean {
  const lexer = new Lexer(sql);
  if (!lexer.next() || !isWord(lexer, "copy")) return false;
  let depth = 0;
  while (lexer.next() && lexer.kind !== TokenKind.semicolon) {
    if (lexer.kind === TokenKind.open) depth++;
    if (lexer.kind === TokenKind.close) depth--;
    if (depth > 0 || !isWord(lexer, "from") || !lexer.next()) continue;
    // PostgreSQL takes STDIN and STDOUT for one another.
    return isWord(lexer, "stdin") || isWord(lexer, "stdout");
  }
  return false;
}

/** Whether a `COPY ... FROM STDIN` may hide anywhere in a query; errs on the side of yes. */
export function mayCopyIn(sql: string): boolean {
  return /\bstd(?:in|out)\b/i.test(sql);
}
