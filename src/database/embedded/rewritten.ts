import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { message, statementText } from "./protocol.ts";

/**
 * A query or a Parse message with others in the place of some of its statements. Padded, so that what stands behind them keeps its place.
 * @returns the message itself where it has none of them
 */
export function rewritten(bytes: Buffer, isMeant: (statement: Statement) => boolean, instead: string): Buffer {
  const type = String.fromCharCode(bytes[0]!);
  if (type !== "Q" && type !== "P") return bytes;
  const text = statementText({ type, bytes });
  let kept = text;
  for (const { start, end } of splitStatements(text).statements.filter(isMeant).toReversed()) {
    kept = kept.slice(0, start) + instead.padEnd(end - start) + kept.slice(end);
  }
  if (kept === text) return bytes;
  const before = type === "Q" ? Buffer.alloc(0) : bytes.subarray(5, bytes.indexOf(0, 5) + 1);
  const behind = bytes.subarray(5 + before.length + Buffer.byteLength(text));
  return message(type, Buffer.concat([before, Buffer.from(kept), behind]));
}
