import type { Statement } from "#sql/statement.ts";
import { backendMessages, noticeMessage } from "./protocol.ts";
import { rewritten } from "./rewritten.ts";

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
  const kept = all.map((one) => rewritten(one, setsOther, SET_UTF8));
  if (kept.every((one, at) => one === all[at])) return messages;
  tell(WARNING);
  return Buffer.concat(kept);
}

function setsOther({ words, text }: Statement): boolean {
  if (words[0] !== "SET") return false;
  const what = /^(?:SESSION|LOCAL)$/.test(words[1] ?? "") ? words[2] : words[1];
  return (what === "CLIENT_ENCODING" || what === "NAMES") && !UTF8.test(text);
}
