import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { backendMessages, message, noticeMessage, statementText } from "./protocol.ts";

/** What sets the encoding; `SET NAMES` is another word for it. */
const MENTIONS = ["client_encoding", "CLIENT_ENCODING", "Client_Encoding", "names", "NAMES", "Names"];
const UTF8 = /\bUTF-?8\b|\bDEFAULT\b/i;
/** Short, so that what stands behind it keeps its place. */
const SET_UTF8 = "SET NAMES 'UTF8'";

const WARNING = noticeMessage(
  "WARNING",
  "the embedded PostgreSQL speaks UTF8 alone, and leaves client_encoding as it is",
);

/**
 * The engine has no functions to convert to other encodings, and fails where it needs one, which may be in any answer after
 * `SET client_encoding`. What sets another one sets UTF8 instead; texts and positions behind it stay where they are.
 * @param messages whole messages of a client
 * @param tell takes what the client is told where they are others
 */
export function onlyUtf8(messages: Buffer, tell: (notice: Buffer) => void): Buffer {
  if (messages[0] === 0 || !MENTIONS.some((word) => messages.includes(word))) return messages;
  const all = backendMessages(messages);
  const kept = all.map(inUtf8);
  if (kept.every((one, at) => one === all[at])) return messages;
  tell(WARNING);
  return Buffer.concat(kept);
}

function inUtf8(bytes: Buffer): Buffer {
  const type = String.fromCharCode(bytes[0]!);
  if (type !== "Q" && type !== "P") return bytes;
  const text = statementText({ type, bytes });
  let kept = text;
  for (const statement of splitStatements(text).statements.filter(setsOther).toReversed()) {
    const { start, end } = statement;
    kept = kept.slice(0, start) + SET_UTF8.padEnd(end - start) + kept.slice(end);
  }
  if (kept === text) return bytes;
  const before = type === "Q" ? Buffer.alloc(0) : bytes.subarray(5, bytes.indexOf(0, 5) + 1);
  const behind = bytes.subarray(5 + before.length + Buffer.byteLength(text));
  return message(type, Buffer.concat([before, Buffer.from(kept), behind]));
}

function setsOther({ words, text }: Statement): boolean {
  if (words[0] !== "SET") return false;
  const what = /^(?:SESSION|LOCAL)$/.test(words[1] ?? "") ? words[2] : words[1];
  return (what === "CLIENT_ENCODING" || what === "NAMES") && !UTF8.test(text);
}
