import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";

/** Statements that may show data to more people, by their first word and a word that all of those have. */
const HINTS: Readonly<Record<string, RegExp>> = {
  ALTER: /\b(?:security|security_barrier|public|superuser|bypassrls|publication|leakproof)\b/i,
  CREATE: /\b(?:superuser|bypassrls|publication|leakproof)\b|\bin\s+(?:role|group)\b/i,
  GRANT: /\bpublic\b|\bpg_/i,
  COPY: /\bto\b/i,
};

/**
 * What a statement shows to people who could not see it before, in a few words that go on from "exposes", or undefined: row level
 * security that is switched off or reached around, rights on tables for every role, roles that no right stops, rows that leave the database. Code
 * that it runs is not looked into. Pure.
 */
export function exposureOf(statement: Statement): string | undefined {
  const { firstWord = "" } = statement;
  if (HINTS[firstWord]?.test(statement.text) !== true) return undefined;
  const tokens = statement.tokens();
  const leakproof = firstWord === "ALTER" || firstWord === "CREATE" ? ofLeakproof(tokens) : undefined;
  if (leakproof !== undefined) return leakproof;
  switch (firstWord) {
    case "GRANT":
      return ofGrant(tokens);
    case "COPY":
      return ofCopy(tokens);
    case "ALTER":
      if (tokens[1] === "VIEW") return ofBarrier(tokens);
      return tokens[1] === "TABLE"
        ? ofAlterTable(tokens)
        : tokens[1] === "DEFAULT"
          ? ofDefaults(tokens)
          : tokens[1] === "PUBLICATION"
            ? ofPublication(tokens)
            : ofRole(tokens);
    default:
      return tokens[1] === "PUBLICATION" ? ofPublication(tokens) : ofRole(tokens);
  }
}

function ofAlterTable(tokens: readonly string[]): string | undefined {
  const [table = ""] = namesAltered(tokens);
  for (const [at, token] of tokens.entries()) {
    if (token !== "ROW" || tokens[at + 1] !== "LEVEL" || tokens[at + 2] !== "SECURITY") continue;
    if (tokens[at - 1] === "DISABLE")
      return `every row of ${foldedName(table)} to whoever may read it (DISABLE ROW LEVEL SECURITY)`;
    if (tokens[at - 1] === "FORCE" && tokens[at - 2] === "NO")
      return `every row of ${foldedName(table)} to its owner (NO FORCE ROW LEVEL SECURITY)`;
  }
  return undefined;
}

/** ALTER VIEW v RESET (security_barrier), or SET (security_barrier = false) */
function ofBarrier(tokens: readonly string[]): string | undefined {
  const at = tokens.indexOf("SECURITY_BARRIER");
  const isOff =
    tokens.includes("RESET") || (tokens[at + 1] === "=" && !/^'?(?:t|true|on|yes|1)'?$/i.test(tokens[at + 2] ?? ""));
  if (at < 0 || !isOff) return undefined;
  const [view = ""] = namesAltered(tokens);
  return `rows that VIEW ${foldedName(view)} keeps back to functions of whoever reads it (security_barrier)`;
}

/** CREATE [OR REPLACE] FUNCTION f(text) ... LEAKPROOF, ALTER FUNCTION f LEAKPROOF: PostgreSQL hands it rows before policies have their say. */
function ofLeakproof(tokens: readonly string[]): string | undefined {
  const at = tokens.findIndex((token) => token === "FUNCTION" || token === "ROUTINE");
  const isOne = tokens.some((token, index) => token === "LEAKPROOF" && index > at + 1 && tokens[index - 1] !== "NOT");
  if ((at !== 1 && at !== 3) || !isOne) return undefined;
  const [name = ""] = namesFrom(tokens, at + 1);
  return `values that policies and security_barrier views keep back to FUNCTION ${foldedName(name)}, whoever calls it (LEAKPROOF)`;
}

/** Of tables, large objects, and schemas that everybody may make objects in: PUBLIC may run new functions and use types anyway. */
function ofGrant(tokens: readonly string[]): string | undefined {
  const on = tokens.indexOf("ON");
  const to = tokens.indexOf("TO", on);
  if (on < 0) return ofMembership(tokens);
  if (to < 0 || !tokens.slice(to).includes("PUBLIC")) return undefined;
  const rights = tokens.slice(1, on);
  const named = rights.join(" ").replaceAll(/ \([^)]*\)/g, "");
  const how = `(GRANT ${named.replaceAll(" ,", ",")} TO PUBLIC)`;
  const [kind, next, third] = tokens.slice(on + 1, to);
  if (kind === "ALL") {
    const schemas = namesFrom(tokens, on + 5)
      .map(foldedName)
      .join(", ");
    return next === "TABLES" && third === "IN" ? `every table of ${schemas} to every role ${how}` : undefined;
  }
  // A table may be called like a kind of object; then nothing, or a dot, follows.
  const isKind = on + 2 < to && next !== "," && next !== ".";
  if (!isKind || kind === "TABLE") {
    const tables = namesFrom(tokens, on + (isKind ? 2 : 1));
    return `${tables.map(foldedName).join(", ")} to every role ${how}`;
  }
  if (kind === "LARGE" && next === "OBJECT") return `large objects to every role ${how}`;
  if (kind !== "SCHEMA" || !rights.some((right) => right === "CREATE" || right === "ALL")) return undefined;
  return `SCHEMA ${namesFrom(tokens, on + 2)
    .map(foldedName)
    .join(", ")} to whatever any role makes in it ${how}`;
}

/** Roles of PostgreSQL itself whose members read what they have no right on, as predefined roles are documented. */
const READERS: Readonly<Record<string, string>> = {
  pg_read_all_data: "every table",
  pg_read_server_files: "every file that the server can read",
  pg_execute_server_program: "whatever a program on the server can read",
};

/** GRANT pg_read_all_data TO web WITH ADMIN OPTION */
function ofMembership(tokens: readonly string[]): string | undefined {
  const to = tokens.indexOf("TO");
  for (const role of namesFrom(tokens, 1).map(foldedName)) {
    const what = READERS[role];
    if (what !== undefined && to > 0) {
      return `${what} to ROLE ${namesFrom(tokens, to + 1)
        .map(foldedName)
        .join(", ")} (GRANT ${role})`;
    }
  }
  return undefined;
}

/** ALTER DEFAULT PRIVILEGES ... GRANT ... ON TABLES TO PUBLIC */
function ofDefaults(tokens: readonly string[]): string | undefined {
  const grant = tokens.indexOf("GRANT");
  const on = tokens.indexOf("ON", grant);
  if (grant < 0 || on < 0 || tokens[on + 1] !== "TABLES" || !tokens.slice(on).includes("PUBLIC")) return undefined;
  return "every table that is made later to every role (ALTER DEFAULT PRIVILEGES ... TO PUBLIC)";
}

function ofRole(tokens: readonly string[]): string | undefined {
  const [, kind = "", role = "", next = ""] = tokens;
  const options = tokens.slice(3);
  const isSetting = /^(?:SET|RESET|RENAME|MAPPING)$/.test(next) || (next === "IN" && options[1] === "DATABASE");
  if (!/^(?:ROLE|USER|GROUP)$/.test(kind) || isSetting) return undefined;
  if (options.includes("SUPERUSER")) return `everything to ROLE ${foldedName(role)} (SUPERUSER)`;
  if (options.includes("BYPASSRLS")) return `every row to ROLE ${foldedName(role)}, whatever policies say (BYPASSRLS)`;
  // CREATE ROLE web IN ROLE pg_read_all_data
  const at = options.findIndex((token, index) => token === "IN" && /^(?:ROLE|GROUP)$/.test(options[index + 1] ?? ""));
  const reader =
    at < 0
      ? undefined
      : namesFrom(options, at + 2)
          .map(foldedName)
          .find((name) => name in READERS);
  return reader === undefined ? undefined : `${READERS[reader]} to ROLE ${foldedName(role)} (IN ROLE ${reader})`;
}

function ofPublication(tokens: readonly string[]): string | undefined {
  const [, , name = "", ...rest] = tokens;
  const at = rest.findIndex((token, index) => token === "TABLES" && rest[index + 1] === "IN");
  if (at > 0 && rest[0] !== "DROP") {
    const schemas = namesFrom(rest, at + 3).map(foldedName);
    return `every table of ${schemas.join(", ")}, also those that are made later, to subscribers of PUBLICATION ${foldedName(name)} (TABLES IN SCHEMA)`;
  }
  return rest.slice(0, 3).join(" ") === "FOR ALL TABLES"
    ? `every table, also those that are made later, to subscribers of PUBLICATION ${foldedName(name)} (FOR ALL TABLES)`
    : undefined;
}

function ofCopy(tokens: readonly string[]): string | undefined {
  const to = copyEnd(tokens);
  if (to === undefined || tokens[to.at] !== "TO") return undefined;
  const [table] = namesFrom(tokens, 1);
  const rows = tokens[1] === "(" ? "the rows of a query" : `rows of ${foldedName(table ?? "")}`;
  return `${rows} to a ${to.isProgram ? "program" : "file"} on the server (COPY)`;
}

/** Where a COPY names a file or a program of the server; undefined for one that goes over the connection. Pure. */
export function copyEnd(tokens: readonly string[]): { readonly at: number; readonly isProgram: boolean } | undefined {
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    // A table may be called by any word but these two.
    if (depth !== 0 || (token !== "TO" && token !== "FROM")) continue;
    const next = tokens[at + 1] ?? "STDIN";
    return /^STD(?:IN|OUT)$/.test(next) ? undefined : { at, isProgram: next === "PROGRAM" };
  }
  return undefined;
}
