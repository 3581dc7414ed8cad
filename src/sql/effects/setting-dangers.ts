import { foldedName, namesFrom } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";
import type { DangerKind } from "./danger-kinds.ts";

/** A setting that keeps data safe, or decides which. */
interface Protecting {
  /** The values that are no protection; undefined for every one, also for that which a RESET brings back. */
  readonly off?: RegExp;
  /** Whether a session may set it for itself without harm: migrations often do. */
  readonly isForSessions?: true;
  readonly effect: string;
}

const OFF = /^(?:off?|f(?:a(?:l(?:se?)?)?)?|no?|0)$/i;
const ON = /^(?:on|t(?:r(?:ue?)?)?|y(?:es?)?|1)$/i;

const PROTECTING: Readonly<Record<string, Protecting>> = {
  session_replication_role: { off: /^replica$/i, effect: "no trigger, rule or foreign key holds for what is written" },
  event_triggers: { off: OFF, effect: "no event trigger runs" },
  row_security: { off: OFF, isForSessions: true, effect: "queries fail where policies would leave rows out" },
  search_path: { isForSessions: true, effect: "names without a schema are looked up elsewhere" },
  lo_compat_privileges: { off: ON, effect: "every role may read and change every large object" },
  synchronous_commit: { off: OFF, isForSessions: true, effect: "what is committed may be lost in a crash" },
  zero_damaged_pages: { off: ON, effect: "rows of damaged pages are lost when they are read" },
  ignore_checksum_failure: { off: ON, effect: "damaged rows are read and copied as if they were right" },
  local_preload_libraries: { effect: "sessions load this library" },
  session_preload_libraries: { effect: "sessions load this library" },
};

const HINT = new RegExp(String.raw`\b(?:${Object.keys(PROTECTING).join("|")})\b`, "i");

/**
 * What SET, ALTER DATABASE or ROLE ... SET, and `set_config()` with a text, do to settings that protect data. What a session sets for
 * itself without harm to others is left out. Pure.
 */
export function settingDangers(statement: Statement): DangerKind[] {
  const { firstWord, words, text } = statement;
  if (firstWord === "GRANT") return /\bparameter\b/i.test(text) ? ofGrant(statement.tokens()) : [];
  if (!HINT.test(text) && !(firstWord === "ALTER" && /\breset\s+all\b/i.test(text))) return [];
  const tokens = statement.tokens();
  switch (firstWord) {
    case "SET": {
      const at = tokens[1] === "LOCAL" || tokens[1] === "SESSION" ? 2 : 1;
      return ofSetting(tokens, at, tokens[1] === "LOCAL" ? "this transaction" : "this session", true);
    }
    case "SELECT":
      return tokens.flatMap((token, at) => (token === "SET_CONFIG" ? ofCall(tokens.slice(at + 1)) : []));
    case "CREATE":
      return ofRoutine(statement.tokens());
    case "ALTER": {
      if (/^(?:FUNCTION|PROCEDURE|ROUTINE)$/.test(words[1] ?? "")) return ofRoutine(statement.tokens());
      if (!/^(?:DATABASE|ROLE|USER)$/.test(words[1] ?? "")) return [];
      const at = tokens.findIndex((token, index) => index > 2 && (token === "SET" || token === "RESET"));
      const named =
        tokens[2] === "ALL"
          ? "every role"
          : `${words[1] === "DATABASE" ? "DATABASE" : "ROLE"} ${foldedName(tokens[2] ?? "")}`;
      if (at < 0) return [];
      return tokens[at] === "SET"
        ? ofSetting(tokens, at + 1, `new sessions of ${named}`, false)
        : ofReset(tokens[at + 1] ?? "", `new sessions of ${named}`);
    }
    default:
      return [];
  }
}

/** search_path TO app, public; row_security = off; search_path FROM CURRENT */
function ofSetting(tokens: readonly string[], at: number, scope: string, isSession: boolean): DangerKind[] {
  const value = tokens
    .slice(at + 2)
    .map(unquoted)
    .join(" ")
    .replaceAll(" ,", ",");
  return dangerOf(foldedName(tokens[at] ?? ""), tokens[at + 1] === "FROM" ? undefined : value, scope, isSession);
}

/** CREATE FUNCTION f() ... SET session_replication_role = replica AS ...: for as long as it runs. */
function ofRoutine(tokens: readonly string[]): DangerKind[] {
  const kind = tokens.findIndex((token) => /^(?:FUNCTION|PROCEDURE|ROUTINE)$/.test(token));
  if (kind !== 1 && kind !== 3) return [];
  const scope = `calls of ${tokens[kind]} ${foldedName(namesFrom(tokens, kind + 1)[0] ?? "")}`;
  return tokens.flatMap((token, at) =>
    token === "SET" ? ofSetting(tokens.slice(0, at + 4), at + 1, scope, true) : [],
  );
}

/** GRANT SET, ALTER SYSTEM ON PARAMETER session_replication_role TO web */
function ofGrant(tokens: readonly string[]): DangerKind[] {
  const on = tokens.indexOf("PARAMETER");
  const to = tokens.indexOf("TO", on);
  if (tokens[on - 1] !== "ON" || to < 0) return [];
  const isOfServer = tokens.slice(0, on).some((token) => token === "SYSTEM" || token === "ALL");
  const names = namesFrom(tokens, on + 1).map((name) => foldedName(name).toLowerCase());
  const members = namesFrom(tokens, to + 1).map(foldedName);
  if (!isOfServer && !members.includes("public") && !names.some((name) => name in PROTECTING)) return [];
  const may = isOfServer ? `set ${names.join(", ")} for the whole server` : `set ${names.join(", ")}`;
  return [{ kind: "role-may", may, members, how: "GRANT ON PARAMETER" }];
}

/** ('session_replication_role', 'replica', false) */
function ofCall([open, name = "", comma, value = ""]: readonly string[]): DangerKind[] {
  if (open !== "(" || comma !== ",") return [];
  return dangerOf(unquoted(name), unquoted(value), "this session", true);
}

/** What it goes back to may be anything. */
function ofReset(token: string, scope: string): DangerKind[] {
  const name = token === "ALL" ? "search_path" : foldedName(token);
  const known = PROTECTING[name];
  if (known === undefined || known.off !== undefined) return [];
  return [{ kind: "setting", name, value: undefined, scope, effect: known.effect }];
}

/** @param value undefined for that of the session */
function dangerOf(written: string, value: string | undefined, scope: string, isSession: boolean): DangerKind[] {
  const name = written.toLowerCase();
  const known = PROTECTING[name];
  if (known === undefined || (isSession && known.isForSessions === true)) return [];
  if (value !== undefined && known.off?.test(value) === false) return [];
  return [{ kind: "setting", name, value: value ?? "that of this session", scope, effect: known.effect }];
}

function unquoted(token: string): string {
  return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : foldedName(token);
}
