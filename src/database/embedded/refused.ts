import { quoteLiteral } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { DATABASE } from "./greeting.ts";
import { message, statementText } from "./protocol.ts";
import { rewritten } from "./rewritten.ts";

/** A statement that does not do for one of several clients what it does on a server. */
interface Refused {
  /** What it begins with. */
  readonly words: readonly string[];
  readonly message: string;
  readonly hint: string;
}

const REFUSED: readonly Refused[] = [
  {
    // Clients share one session: whoever asks to be told would wait for ever, and others would be told in its place.
    words: ["LISTEN"],
    message: "LISTEN does not work here: all clients of confiture db serve share one session",
    hint: "Use a server for what has to be told, or look for it at intervals.",
  },
  {
    // It would be there, and nobody could connect to it.
    words: ["CREATE", "DATABASE"],
    message: `CREATE DATABASE does not work here: there is one database, "${DATABASE}"`,
    hint: "For another one, serve an environment whose path is another: confiture db serve -e NAME",
  },
];

const MENTIONED = /\b(?:listen|database)\b/i;

/** A client's message, with errors in the place of what is refused. */
export function withRefusals(bytes: Buffer): Buffer {
  const type = String.fromCharCode(bytes[0]!);
  if ((type !== "Q" && type !== "P") || !MENTIONED.test(statementText({ type, bytes }))) return bytes;
  return REFUSED.reduce((kept, refused) => rewritten(kept, isOne(refused), errorOf(refused)), bytes);
}

/** An answer; an error of what is refused without where it comes from, which is nothing of the client's. */
export function withoutOrigin(reply: Buffer): Buffer {
  if (reply[0] !== ERROR_RESPONSE) return reply;
  const fields = reply.toString("utf8", 5).split("\0");
  if (!REFUSED.some((refused) => fields.includes(`M${refused.message}`))) return reply;
  return message("E", fields.filter((field) => !ORIGIN.test(field)).join("\0"));
}

const ERROR_RESPONSE = "E".charCodeAt(0);
/** Fields that say where: a call stack, and a place in PostgreSQL's code. */
const ORIGIN = /^[WFLR]/;

function isOne({ words }: Refused): (statement: Statement) => boolean {
  return (statement) => words.every((word, at) => statement.words[at] === word);
}

function errorOf({ message: text, hint }: Refused): string {
  return `do $$ begin raise feature_not_supported using message = ${quoteLiteral(text)}, hint = ${quoteLiteral(hint)}; end $$`;
}
