import { copyEnd } from "./exposure.ts";
import type { Statement } from "../statement.ts";

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

/** What stands between two words. */
const GAP = String.raw`(?:\s|--[^\n]*\n|/\*[^]*?\*/)+`;

/** Without one of these words nothing reaches outside. */
const HINT = new RegExp(
  [
    String.raw`\bcopy\b|\bgrant\b|\brevoke\b|\breassign\b|\bdblink\w*|\blo_(?:import|export)\b`,
    String.raw`\bpg_(?:terminate_backend|cancel_backend|reload_conf|rotate_logfile|promote|file_\w+|read_\w*file|write_file)\b`,
    String.raw`\b(?:create|alter|drop|on)${GAP}(?:system|database|tablespace|subscription|role|user|group|owned)\b`,
  ].join("|"),
  "i",
);

/** Whether a text may have a statement that `reachesOutside`, told without reading it through. Pure. */
export function mayReachOutside(sql: string): boolean {
  return HINT.test(sql);
}

/**
 * Whether running a statement in a scratch database would do something outside of it all the same, and what, as what goes on from
 * "it": "runs a program on the server". Functions that it calls are not looked into, and statements that are redirected to the scratch
 * database are about it. Pure.
 * @param isShared whether the server has other databases
 */
export function reachesOutside(statement: Statement, isShared: boolean): string | undefined {
  const { firstWord = "", words, text } = statement;
  if (!HINT.test(text)) return undefined;
  const shared = isShared ? ofServer(statement) : undefined;
  if (shared !== undefined) return shared;
  if (words[1] === "DATABASE") return undefined;
  return reachOf(statement) ?? (RUNS.test(firstWord) ? byFile(text) : undefined);
}

const RUNS = /^(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|MERGE|CREATE|DO|CALL|\()$/;
const OTHER_SERVER = /\bdblink\w*\s*\(/i;
const SERVER_FILE = /\b(?:pg_file_\w+|pg_read_\w*file|pg_write_file|lo_import|lo_export)\s*\(/i;

function byFile(text: string): string | undefined {
  // A definition calls nothing.
  if (/^\s*create\s+(?:or\s+replace\s+)?(?:function|procedure|view|trigger|rule)\b/i.test(text)) return undefined;
  if (OTHER_SERVER.test(text)) return "runs statements on another server";
  return SERVER_FILE.test(text) ? "reads or writes a file on the server" : undefined;
}

/** What a statement about a subscription does, which no scratch database has, shared or not. Pure. */
export function aboutSubscription({ words: [first = "", second, third] }: Statement): string | undefined {
  if (first === "COMMENT") return third === "SUBSCRIPTION" ? "is about a subscription" : undefined;
  return second === "SUBSCRIPTION" && /^(?:CREATE|ALTER|DROP)$/.test(first) ? "connects to another server" : undefined;
}

const CHANGES_ROLES = "changes roles of the whole server";

/** What belongs to all databases of a server, or has to do with another one. */
function ofServer(statement: Statement): string | undefined {
  const { firstWord, words, text } = statement;
  const [, second = "", third = ""] = words;
  switch (firstWord) {
    case "CREATE":
    case "DROP":
    case "ALTER": {
      if (second === "TABLESPACE") return "changes where the whole server keeps files";
      if (second === "SUBSCRIPTION") return aboutSubscription(statement);
      if (second === "DATABASE") {
        const isAnother = firstWord !== "ALTER" || /\b(?:rename\s+to|set\s+tablespace)\b/i.test(text);
        return isAnother ? "is about another database of the server" : undefined;
      }
      if (firstWord === "DROP" && second === "OWNED") return CHANGES_ROLES;
      const isRole = /^(?:ROLE|USER|GROUP)$/.test(second) && third !== "MAPPING";
      // ALTER ROLE ... IN DATABASE is about the scratch database.
      return isRole && !/\bin\s+database\b/i.test(text) ? CHANGES_ROLES : undefined;
    }
    case "COMMENT":
      if (second === "ON" && third === "SUBSCRIPTION") return aboutSubscription(statement);
      return second === "ON" && /^(?:ROLE|TABLESPACE)$/.test(third) ? "is about the whole server" : undefined;
    case "REASSIGN":
      return CHANGES_ROLES;
    case "GRANT":
    case "REVOKE": {
      const tokens = statement.tokens();
      const on = tokens.indexOf("ON");
      // Without ON, it is about who belongs to which role.
      if (on < 0) return CHANGES_ROLES;
      return /^(?:PARAMETER|TABLESPACE)$/.test(tokens[on + 1] ?? "") ? "is about the whole server" : undefined;
    }
    default:
      return undefined;
  }
}
