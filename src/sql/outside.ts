import { copyEnd } from "./exposure.ts";
import type { Statement } from "./statement.ts";

const ENDS = /\bpg_(?:terminate|cancel)_backend\s*\(/i;
const SETTINGS = /\bpg_(?:reload_conf|rotate_logfile|promote)\s*\(/i;
/** A COPY in code, which may put statements together. */
export const COPIES_PROGRAM = /\bcopy\b[^;]*\b(?:to|from)\s+program\b/i;
const FILE = /\bcopy\b[^;]*\b(?:to|from)\s+'/i;
const SYSTEM = /\balter\s+system\b/i;

/**
 * What a statement does to the machine that the server runs on, or to all of the server, as what goes on from "it": "runs a
 * program on the server". Undefined for one that stays in its database. Functions that it calls are not looked into. Pure.
 */
export function reachOf(statement: Statement): string | undefined {
  const { firstWord = "", text } = statement;
  switch (firstWord) {
    case "COPY": {
      // Where the rows of a large one are, no word is looked for.
      const tokens = statement.tokens();
      const end = copyEnd(tokens);
      if (end === undefined) return undefined;
      if (end.isProgram) return "runs a program on the server";
      return tokens[end.at] === "TO" ? "writes a file on the server" : "reads a file on the server";
    }
    case "ALTER":
      if (statement.words[1] === "SYSTEM") return "changes the settings of the whole server";
      return statement.words[1] === "DATABASE" && READ_ONLY.test(text)
        ? "changes whether the database can be written to"
        : undefined;
    case "DO":
      if (COPIES_PROGRAM.test(text)) return "runs a program on the server";
      if (FILE.test(text)) return "reads or writes a file on the server";
      if (SYSTEM.test(text)) return "changes the settings of the whole server";
      return byCall(text);
    case "SELECT":
    case "WITH":
      return byCall(text);
    default:
      return undefined;
  }
}

const READ_ONLY = /\bdefault_transaction_read_only\b/i;

function byCall(text: string): string | undefined {
  if (ENDS.test(text)) return "ends what others are doing on the server";
  return SETTINGS.test(text) ? "changes how the whole server runs" : undefined;
}

/** Whether trying it in a scratch database would do it to the server all the same. Pure. */
export function reachesOutside(statement: Statement): string | undefined {
  const reach = reachOf(statement);
  // A statement about a database is about the scratch database in one.
  return statement.words[1] === "DATABASE" ? undefined : reach;
}
