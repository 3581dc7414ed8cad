import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";
import type { ExposureKind, RoleAttribute } from "./exposure-kinds.ts";
import { memberships } from "./memberships.ts";
import { PREDEFINED } from "./predefined-roles.ts";

/** Statements that may show data to more people, by their first word and a word that all of those have. */
const HINTS: Readonly<Record<string, RegExp>> = {
  ALTER:
    /\b(?:security|security_barrier|public|superuser|bypassrls|replication|createrole|publication|leakproof)\b|\bpg_/i,
  CREATE: /\b(?:public|superuser|bypassrls|replication|createrole|publication|leakproof)\b|\bin\s+(?:role|group)\b/i,
  GRANT: /\bpublic\b|\bpg_/i,
  COPY: /\bto\b/i,
};

/**
 * What a statement shows to people who could not see it before: row level security that is switched off or reached around, rights on
 * tables for every role, roles that no right stops, tables that are published, rows that leave the database. Code that it runs is not
 * looked into. Pure.
 */
export function exposuresInText(statement: Statement): ExposureKind[] {
  const { firstWord = "" } = statement;
  if (HINTS[firstWord]?.test(statement.text) !== true) return [];
  const tokens = statement.tokens();
  const leakproof = firstWord === "ALTER" || firstWord === "CREATE" ? ofLeakproof(tokens) : [];
  if (leakproof.length > 0) return leakproof;
  switch (firstWord) {
    case "GRANT":
      return [...ofGrant(tokens), ...ofMembership(statement)];
    case "COPY":
      return ofCopy(tokens);
    default:
  }
  if (tokens[1] === "PUBLICATION") return ofPublication(tokens);
  if (tokens[1] === "USER" && tokens[2] === "MAPPING") return ofUserMapping(tokens);
  if (firstWord === "ALTER" && tokens[1] === "VIEW") return ofBarrier(tokens);
  if (firstWord === "ALTER" && tokens[1] === "TABLE") return ofAlterTable(tokens);
  if (firstWord === "ALTER" && tokens[1] === "DEFAULT") return ofDefaults(tokens);
  return [...ofRole(tokens), ...ofMembership(statement)];
}

function ofAlterTable(tokens: readonly string[]): ExposureKind[] {
  const [table = ""] = namesAltered(tokens);
  for (const [at, token] of tokens.entries()) {
    if (token !== "ROW" || tokens[at + 1] !== "LEVEL" || tokens[at + 2] !== "SECURITY") continue;
    if (tokens[at - 1] === "DISABLE") return [{ kind: "row-security-off", table: foldedName(table) }];
    if (tokens[at - 1] === "FORCE" && tokens[at - 2] === "NO")
      return [{ kind: "row-security-not-forced", table: foldedName(table) }];
  }
  return [];
}

/** ALTER VIEW v RESET (security_barrier), or SET (security_barrier = false) */
function ofBarrier(tokens: readonly string[]): ExposureKind[] {
  const at = tokens.indexOf("SECURITY_BARRIER");
  const isOff =
    tokens.includes("RESET") || (tokens[at + 1] === "=" && !/^'?(?:t|true|on|yes|1)'?$/i.test(tokens[at + 2] ?? ""));
  if (at < 0 || !isOff) return [];
  const [view = ""] = namesAltered(tokens);
  return [{ kind: "barrier-off", view: foldedName(view), isReplaced: false }];
}

/** CREATE [OR REPLACE] FUNCTION f(text) ... LEAKPROOF, ALTER FUNCTION f LEAKPROOF: PostgreSQL hands it rows before policies have their say. */
function ofLeakproof(tokens: readonly string[]): ExposureKind[] {
  const at = tokens.findIndex((token) => token === "FUNCTION" || token === "ROUTINE");
  const isOne = tokens.some((token, index) => token === "LEAKPROOF" && index > at + 1 && tokens[index - 1] !== "NOT");
  if ((at !== 1 && at !== 3) || !isOne) return [];
  const [name = ""] = namesFrom(tokens, at + 1);
  return [{ kind: "leakproof", routine: foldedName(name) }];
}

/** What a right may be about, by the words behind ON. */
interface Grantable {
  readonly words: string;
  readonly of: (ExposureKind & { kind: "granted" })["of"];
  /** The rights that count; every one when left out. */
  readonly rights?: RegExp;
}

/** Left out is what PUBLIC may do with all that is new: run functions, use types, domains and languages, make temporary tables. */
const GRANTABLE: readonly Grantable[] = [
  { words: "TABLE", of: "tables" },
  { words: "ALL TABLES IN SCHEMA", of: "schema-tables" },
  { words: "SEQUENCE", of: "sequences" },
  { words: "ALL SEQUENCES IN SCHEMA", of: "schema-sequences" },
  { words: "LARGE OBJECT", of: "large-objects" },
  { words: "SCHEMA", of: "schema", rights: /^(?:CREATE|ALL)$/ },
  { words: "DATABASE", of: "database", rights: /^(?:CREATE|ALL)$/ },
  { words: "DATABASE", of: "database-use", rights: /^CONNECT$/ },
  { words: "TABLESPACE", of: "tablespace" },
  { words: "FOREIGN SERVER", of: "server" },
  { words: "FOREIGN DATA WRAPPER", of: "wrapper" },
];

/** GRANT SELECT, INSERT ON TABLE notes TO PUBLIC */
function ofGrant(tokens: readonly string[]): ExposureKind[] {
  const on = tokens.indexOf("ON");
  const to = tokens.indexOf("TO", on);
  if (on < 0 || to < 0 || !tokens.slice(to).includes("PUBLIC")) return [];
  const words = tokens.slice(1, on);
  const rights = words
    .join(" ")
    .replaceAll(/ \([^)]*\)/g, "")
    .replaceAll(" ,", ",");
  const granted = (of: Grantable["of"], from: number): ExposureKind[] => [
    { kind: "granted", of, names: namesFrom(tokens, from).map(foldedName), rights },
  ];
  // A table may be called like a kind of object; then nothing, or a dot, follows.
  const isKind = on + 2 < to && tokens[on + 2] !== "," && tokens[on + 2] !== ".";
  if (!isKind) return granted("tables", on + 1);
  const about = tokens.slice(on + 1, to).join(" ");
  const known = GRANTABLE.find(
    ({ words: kind, rights: ones }) =>
      about.startsWith(`${kind} `) && words.some((word) => ones === undefined || ones.test(word)),
  );
  return known === undefined ? [] : granted(known.of, on + 1 + known.words.split(" ").length);
}

/** GRANT pg_read_all_data TO web WITH ADMIN OPTION, CREATE ROLE web IN ROLE pg_read_all_data */
function ofMembership(statement: Statement): ExposureKind[] {
  return memberships(statement).flatMap(({ role, members, how }): ExposureKind[] => {
    const shown = PREDEFINED[role]?.shows;
    return shown === undefined ? [] : [{ kind: "predefined-role", shown, members, how }];
  });
}

/** ALTER DEFAULT PRIVILEGES ... GRANT ... ON TABLES TO PUBLIC */
function ofDefaults(tokens: readonly string[]): ExposureKind[] {
  const grant = tokens.indexOf("GRANT");
  const on = tokens.indexOf("ON", grant);
  if (grant < 0 || on < 0 || !tokens.slice(on).includes("PUBLIC")) return [];
  const what = MADE_LATER[tokens[on + 1] ?? ""];
  return what === undefined ? [] : [{ kind: "granted-later", what }];
}

/** Functions have more to them (`publicCalls`), and types are everybody's anyway. */
const MADE_LATER: Readonly<Record<string, string>> = {
  TABLES: "table",
  SEQUENCES: "sequence",
  SCHEMAS: "schema",
  LARGE: "large object",
};

const ATTRIBUTES: readonly RoleAttribute[] = ["SUPERUSER", "BYPASSRLS", "REPLICATION", "CREATEROLE"];

function ofRole(tokens: readonly string[]): ExposureKind[] {
  const [, kind = "", role = "", next = ""] = tokens;
  const options = tokens.slice(3);
  const isSetting = /^(?:SET|RESET|RENAME|MAPPING)$/.test(next) || (next === "IN" && options[1] === "DATABASE");
  if (!/^(?:ROLE|USER|GROUP)$/.test(kind) || isSetting) return [];
  // The strongest says it all.
  const attribute = ATTRIBUTES.find((one) => options.includes(one));
  return attribute === undefined ? [] : [{ kind: "role-attribute", role: foldedName(role), attribute }];
}

/** CREATE PUBLICATION p FOR TABLE notes, TABLE users (id), TABLES IN SCHEMA app; ALTER PUBLICATION p ADD TABLE notes */
function ofPublication(tokens: readonly string[]): ExposureKind[] {
  const [verb, , name = "", next] = tokens;
  if (verb === "ALTER" && next !== "ADD" && next !== "SET") return [];
  const publication = foldedName(name);
  if (tokens.slice(3, 6).join(" ") === "FOR ALL TABLES" || tokens.slice(3, 6).join(" ") === "SET ALL TABLES")
    return [{ kind: "published", publication, tables: [], schemas: [] }];
  const behind = (word: string, skip: number): string[] =>
    tokens.flatMap((token, at) => (at > 3 && token === word ? namesFrom(tokens, at + skip) : [])).filter(isNamed);
  const schemas = behind("TABLES", 3).map(foldedName);
  const tables = behind("TABLE", 1).map(foldedName);
  return [
    ...(schemas.length > 0 ? [{ kind: "published" as const, publication, tables: [], schemas }] : []),
    ...(tables.length > 0 ? [{ kind: "published" as const, publication, tables, schemas: undefined }] : []),
  ];
}

/** CREATE USER MAPPING IF NOT EXISTS FOR PUBLIC SERVER other */
function ofUserMapping(tokens: readonly string[]): ExposureKind[] {
  const at = tokens.indexOf("SERVER");
  if (at < 0 || tokens[at - 1] !== "PUBLIC") return [];
  return [{ kind: "user-mapping", server: foldedName(tokens[at + 1] ?? "") }];
}

/** Behind a comma, the next list may begin. */
function isNamed(token: string): boolean {
  return token !== "TABLE" && token !== "TABLES";
}

function ofCopy(tokens: readonly string[]): ExposureKind[] {
  const to = copyEnd(tokens);
  if (to === undefined || tokens[to.at] !== "TO") return [];
  const table = tokens[1] === "(" ? undefined : foldedName(namesFrom(tokens, 1)[0] ?? "");
  return [{ kind: "copied-out", table, isProgram: to.isProgram }];
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
