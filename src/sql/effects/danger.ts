import { foldedName, namesAltered, namesFrom, writtenName } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";
import type { DangerKind } from "./danger-kinds.ts";
import { loginDangers } from "./login-dangers.ts";
import { dangersOfMembership } from "./predefined-roles.ts";
import { replicationDangers } from "./replication-dangers.ts";
import { sequenceDangers } from "./sequence-dangers.ts";
import { settingDangers } from "./setting-dangers.ts";

/** What a statement puts at risk, as far as its text tells. */
export interface DangerInText {
  readonly danger: DangerKind;
  /** The sequence or table that it is about, as it is written, where one that is new has nothing at risk. */
  readonly relation: string | undefined;
  /** The trigger of that table, as the catalogue has it, without which nothing is at risk. */
  readonly trigger?: string;
  /** A role, folded, that has nothing at risk where one of the statements makes it. */
  readonly role?: string;
  /** A schema, folded, that has nothing at risk where one of the statements makes it. */
  readonly schema?: string;
}

/**
 * What a statement puts at risk without taking it away: sequences, settings that protect data, rights of PostgreSQL's own roles,
 * replication, its catalogues. What is switched off is told by all statements together (`switchedOff`). Pure.
 */
export function dangersOf(statement: Statement): DangerInText[] {
  const others = [
    ...settingDangers(statement),
    ...dangersOfMembership(statement),
    ...replicationDangers(statement),
    ...ofCatalogue(statement),
    ...ofLibrary(statement),
  ];
  return [
    ...sequenceDangers(statement),
    ...ofTrigger(statement),
    ...ofOwner(statement),
    ...loginDangers(statement).map((danger) => ({
      danger,
      relation: undefined,
      ...(danger.what === "ROLE" ? { role: danger.name } : {}),
    })),
    ...others.map((danger) => ({ danger, relation: undefined })),
  ];
}

/** CREATE OR REPLACE TRIGGER audit ... ON users ... */
function ofTrigger(statement: Statement): DangerInText[] {
  const { firstWord, words } = statement;
  if (firstWord !== "CREATE" || words[1] !== "OR" || !words.includes("TRIGGER")) return [];
  const tokens = statement.tokens();
  const at = tokens.indexOf("TRIGGER");
  const [relation] = namesFrom(tokens, tokens.indexOf("ON", at) + 1);
  if (relation === undefined || at > 4) return [];
  const trigger = writtenName(tokens[at + 1] ?? "");
  return [{ danger: { kind: "trigger-replaced", name: trigger, table: foldedName(relation) }, relation, trigger }];
}

/** What the owner of something may do to what belongs to others, by the kind of it. */
const OWNERS: Readonly<Record<string, (name: string) => string>> = {
  DATABASE: (name) => `drop DATABASE ${name} and grant rights on it`,
  SCHEMA: (name) => `drop SCHEMA ${name} with all that is in it`,
  SERVER: (name) => `send the passwords of those who use SERVER ${name} elsewhere`,
};

/** ALTER DATABASE shop OWNER TO web; tables and views are exposed or not (`openedBy`). */
function ofOwner(statement: Statement): DangerInText[] {
  const { firstWord, words, text } = statement;
  const may = firstWord === "ALTER" ? OWNERS[words[1] ?? ""] : undefined;
  if (may === undefined || !/\bowner\b/i.test(text)) return [];
  const all = statement.tokens();
  const owner = all.indexOf("OWNER");
  if (all[owner + 1] !== "TO") return [];
  const name = foldedName(namesAltered(all)[0] ?? "");
  const members = [foldedName(all[owner + 2] ?? "")];
  const danger: DangerKind = { kind: "role-may", may: may(name), members, how: "OWNER TO" };
  return [{ danger, relation: undefined, ...(words[1] === "SCHEMA" ? { schema: name } : {}) }];
}

/** INSERT INTO pg_catalog.pg_auth_members ...; what an UPDATE or DELETE changes is told as any other. */
function ofCatalogue(statement: Statement): DangerKind[] {
  if (statement.firstWord !== "INSERT" || !/\binto\s+("?pg_|\S*pg_catalog)/i.test(statement.text)) return [];
  const table = foldedName(namesFrom(statement.tokens(), 2)[0] ?? "");
  return /^(?:pg_catalog\.|pg_)/.test(table) ? [{ kind: "catalogue", table }] : [];
}

/** LOAD 'library' */
function ofLibrary(statement: Statement): DangerKind[] {
  return statement.firstWord === "LOAD" ? [{ kind: "library", name: statement.tokens()[1] ?? "" }] : [];
}
