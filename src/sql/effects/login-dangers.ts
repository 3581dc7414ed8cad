import { foldedName } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";
import type { DangerKind } from "./danger-kinds.ts";

/** What ALTER ROLE and ALTER DATABASE may say that keeps somebody from signing in, by its first words. */
const LOCKS_OUT: readonly (readonly string[])[] = [
  ["NOLOGIN"],
  ["PASSWORD"],
  ["VALID", "UNTIL"],
  ["CONNECTION", "LIMIT"],
  ["ALLOW_CONNECTIONS"],
  ["RENAME", "TO"],
];

/** Those that lock nobody out: without a limit, or with connections allowed. */
const OPENS = /^(?:-1|TRUE|ON|1|'(?:infinity|true|on)')$/i;

/** ALTER ROLE app NOLOGIN, ALTER DATABASE shop CONNECTION LIMIT 0: who signed in before may be unable to. Pure. */
export function loginDangers(statement: Statement): (DangerKind & { readonly kind: "locked-out" })[] {
  const { firstWord, words } = statement;
  const kind = words[1] === "DATABASE" ? "DATABASE" : /^(?:ROLE|USER|GROUP)$/.test(words[1] ?? "") ? "ROLE" : undefined;
  if (firstWord !== "ALTER" || kind === undefined || words[2] === "MAPPING") return [];
  const tokens = statement.tokens();
  // Settings are values of their own.
  if (tokens.some((token, at) => at > 2 && (token === "SET" || token === "RESET"))) return [];
  for (const [at, token] of tokens.entries()) {
    const said =
      at < 3 ? undefined : LOCKS_OUT.find((one) => one[0] === token && (one[1] ?? tokens[at + 1]) === tokens[at + 1]);
    if (said === undefined) continue;
    const behind = tokens.slice(at + said.length).filter((one) => one !== "=");
    const value = token === "RENAME" ? foldedName(behind[0] ?? "") : behind.join("");
    const hasValue = token !== "NOLOGIN" && token !== "PASSWORD";
    if (hasValue && OPENS.test(value)) continue;
    // A password is never repeated.
    const how = hasValue ? `${said.join(" ")} ${value}` : said.join(" ");
    return [{ kind: "locked-out", what: kind, name: foldedName(tokens[2] ?? ""), how }];
  }
  return [];
}
