import { findDeclaration, NO_TRANSACTION_LINE, type Sections } from "../files/sections.ts";
import type { SqlSource } from "./source.ts";

/** A file that is one way from its first line to its last, as its name says. */
export function wholeFile(source: SqlSource): Sections {
  const { text } = source;
  const transaction = text.includes("no-transaction") ? findDeclaration(source) : undefined;
  return { main: { start: 0, end: text.length, transaction, howToRunOutside: NO_TRANSACTION_LINE }, down: undefined };
}
