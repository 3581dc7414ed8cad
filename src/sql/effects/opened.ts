import type { Statement } from "../statement.ts";
import type { ExposureKind } from "./exposure-kinds.ts";
import { memberships } from "./memberships.ts";
import { mayBeSame } from "../names-in.ts";
import { type NamedRoutine, writtenRoutine } from "./definer.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";
import { PREDEFINED } from "./predefined-roles.ts";
import { createdSchema } from "./replaced.ts";

/** Rows that a statement may open to others, depending on what the table or function is. */
export interface Opened {
  /** The table, folded, of which this is true where it has row level security already; undefined where it is no matter of a table. */
  readonly table: string | undefined;
  /** Another table, folded: where that has row level security as well, its own policies hold for whoever reads through it. */
  readonly through?: string;
  /** A role, folded, of which this is true where it is a superuser, or policies do not hold for it. */
  readonly role?: string;
  /** A function of which this is true where everybody may call it; with a role, where it runs with the rights of its owner. */
  readonly routine?: NamedRoutine;
  /** A view, folded, of which this is true where it has `security_barrier`; with a role, where it reads tables with row level security. */
  readonly view?: string;
  /** A schema, folded, of which this is true where it is there already. */
  readonly schema?: string;
  /** Roles, folded, that something is taken from: it is true where one of them owns a table with row level security. */
  readonly owners?: readonly string[];
  readonly exposure: ExposureKind;
}

/**
 * What a statement opens that its text alone does not tell: a policy that lets more rows through, a table that is given to an owner
 * whom policies do not hold for, or becomes a part of another, a membership in a role that no policy stops, and a function that reads
 * with the rights of its owner (SECURITY DEFINER), which PUBLIC may call unless that is taken away. Pure.
 */
export function openedBy(statement: Statement): Opened[] {
  const { firstWord, words, text } = statement;
  if (firstWord === "GRANT") return [...ofMemberships(statement), ...ofSchemas(statement)];
  if (firstWord === "REASSIGN") return ofReassigned(statement.tokens());
  if (firstWord !== "ALTER" && firstWord !== "CREATE") return [];
  if (words[1] === "POLICY") return ofPolicy(statement.tokens());
  if (/^(?:ROLE|USER|GROUP)$/.test(words[1] ?? "")) return ofMemberships(statement);
  if (firstWord === "ALTER" && words[1] === "TABLE") {
    return [
      ...(/\bowner\b/i.test(text) ? ofOwner(statement.tokens()) : []),
      ...(/\b(?:inherit|attach)\b/i.test(text) ? ofPart(statement.tokens()) : []),
    ];
  }
  if (words.slice(1, 4).includes("VIEW")) return ofView(statement);
  const routine = /\b(?:definer|owner)\b/i.test(text) ? writtenRoutine(statement) : undefined;
  if (routine?.owner !== undefined) {
    const { owner } = routine;
    const exposure: ExposureKind = { kind: "routine-owner", routine: routine.what, owner };
    return [{ table: undefined, routine, role: owner, exposure }];
  }
  if (routine?.isDefiner !== true) return [];
  return [{ table: undefined, routine, exposure: { kind: "definer", routine: routine.what } }];
}

/** The name, folded, of what CREATE OR REPLACE VIEW v makes. Pure. */
export function replacedView(statement: Statement): string | undefined {
  const { firstWord, words } = statement;
  if (firstWord !== "CREATE" || words[1] !== "OR" || !words.slice(3, 6).includes("VIEW")) return undefined;
  const tokens = statement.tokens();
  return foldedName(namesFrom(tokens, tokens.indexOf("VIEW") + 1)[0] ?? "");
}

/** CREATE OR REPLACE VIEW v AS ..., which forgets its options, and ALTER VIEW v OWNER TO admin */
function ofView(statement: Statement): Opened[] {
  if (statement.firstWord === "CREATE") {
    const view = /\bsecurity_barrier\b/i.test(statement.text) ? undefined : replacedView(statement);
    return view === undefined
      ? []
      : [{ table: undefined, view, exposure: { kind: "barrier-off", view, isReplaced: true } }];
  }
  const { text } = statement;
  const tokens = /\bowner\b/i.test(text) ? statement.tokens() : [];
  const at = tokens.indexOf("OWNER");
  if (at < 0 || tokens[1] !== "VIEW") return [];
  const view = foldedName(namesAltered(tokens)[0] ?? "");
  const role = foldedName(tokens[at + 2] ?? "");
  return [{ table: undefined, view, role, exposure: { kind: "view-owner", view, owner: role } }];
}

/** REASSIGN OWNED BY app, old TO web */
function ofReassigned(tokens: readonly string[]): Opened[] {
  const to = tokens.indexOf("TO");
  if (to < 0) return [];
  const owner = foldedName(tokens[to + 1] ?? "");
  const owners = namesFrom(tokens, 3).map(foldedName);
  return [{ table: undefined, owners, exposure: { kind: "owner-of-all", owner } }];
}

/** GRANT USAGE ON SCHEMA closed TO PUBLIC: what is in it may be granted to PUBLIC already, as every new function is. */
function ofSchemas(statement: Statement): Opened[] {
  if (!/\bschema\b[^]*\bpublic\b/i.test(statement.text)) return [];
  const tokens = statement.tokens();
  const on = tokens.indexOf("ON");
  const to = tokens.indexOf("TO", on);
  // CREATE, and ALL with it, is told by the text alone.
  if (tokens.slice(1, on).join(" ") !== "USAGE" || tokens[on + 1] !== "SCHEMA") return [];
  if (to < 0 || !tokens.slice(to).includes("PUBLIC")) return [];
  return namesFrom(tokens, on + 2).flatMap((name): Opened[] => {
    const schema = foldedName(name);
    const exposure: ExposureKind = { kind: "granted", of: "schema-use", names: [schema], rights: "USAGE" };
    // Whoever may connect may use that one, unless somebody has taken it away.
    return schema === "public" ? [] : [{ table: undefined, schema, exposure }];
  });
}

/** Whether one of some statements makes a schema, whose name is folded. Pure. */
export function isSchemaMadeBy(schema: string, statements: readonly Statement[]): boolean {
  return statements.some((statement) => {
    const made = statement.firstWord === "CREATE" ? createdSchema(statement) : undefined;
    return made !== undefined && mayBeSame(made, schema);
  });
}

/** PostgreSQL's own roles are told by their names. */
function ofMemberships(statement: Statement): Opened[] {
  return memberships(statement).flatMap(({ role, members, how }): Opened[] =>
    role in PREDEFINED ? [] : [{ table: undefined, role, exposure: { kind: "mighty-role", role, members, how } }],
  );
}

/** ALTER TABLE notes INHERIT all_notes, ALTER TABLE all_notes ATTACH PARTITION notes */
function ofPart(tokens: readonly string[]): Opened[] {
  const at = tokens.findIndex(
    (token, index) =>
      (token === "INHERIT" && tokens[index - 1] !== "NO") || (token === "ATTACH" && tokens[index + 1] === "PARTITION"),
  );
  const [altered] = namesAltered(tokens);
  const [named] = namesFrom(tokens, tokens[at] === "ATTACH" ? at + 2 : at + 1);
  if (at < 0 || altered === undefined || named === undefined) return [];
  const isAttached = tokens[at] === "ATTACH";
  const table = foldedName(isAttached ? named : altered);
  const through = foldedName(isAttached ? altered : named);
  const how = isAttached ? "ATTACH PARTITION" : "INHERIT";
  return [{ table, through, exposure: { kind: "part", table, through, how } }];
}

/** CREATE POLICY own ON notes [AS RESTRICTIVE] ..., ALTER POLICY own ON notes TO web USING (true) */
function ofPolicy(tokens: readonly string[]): Opened[] {
  const on = tokens.indexOf("ON", 3);
  const isRename = tokens[0] === "ALTER" && tokens.includes("RENAME");
  if (on < 0 || isRename) return [];
  const [name = ""] = namesFrom(tokens, on + 1);
  const table = foldedName(name);
  // A restrictive one only takes rows away.
  const as = tokens.indexOf("AS", on);
  if (tokens[0] === "CREATE" && as > 0 && as <= on + 4 && tokens[as + 1] === "RESTRICTIVE") return [];
  const policy = foldedName(tokens[2] ?? "");
  return [{ table, exposure: { kind: "policy", table, policy, verb: tokens[0] ?? "" } }];
}

function ofOwner(tokens: readonly string[]): Opened[] {
  const at = tokens.findIndex((token, index) => token === "OWNER" && tokens[index + 1] === "TO");
  const [name] = namesAltered(tokens);
  if (at < 0 || name === undefined) return [];
  const table = foldedName(name);
  const owner = foldedName(tokens[at + 2] ?? "");
  return [{ table, exposure: { kind: "table-owner", table, owner } }];
}
