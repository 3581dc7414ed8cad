import { writtenName } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";

/** Routines, types and languages that statements have made, by their names alone. */
export interface Made {
  readonly names: Set<string>;
  /** What an extension brings nobody can tell from the statement that makes it. */
  hasExtension: boolean;
}

export function nothingMade(): Made {
  return { names: new Set(), hasExtension: false };
}

export const FOREIGN_RIGHTS = "changes rights on an object of PostgreSQL's own";
const FOREIGN = "changes an object of PostgreSQL's own or of an extension";

const MAKES =
  /\b(?:create\s+(?:or\s+replace\s+)?(?:trusted\s+)?(?:procedural\s+)?(?:function|procedure|aggregate|type|domain|language)|rename\s+to)\s+(?:if\s+not\s+exists\s+)?(?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?("[^"]+"|[\w$]+)/gi;

/** A range type, and what its multirange type is to be called. */
const MAKES_RANGE =
  /\bcreate\s+type\s+(?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?("[^"]+"|[\w$]+)\s+as\s+range\b(?:[^;]*?\bmultirange_type_name\s*=\s*(?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?("[^"]+"|[\w$]+))?/gi;

/** Remembers what a statement makes; others than these make none of it themselves, whatever words stand in them. */
export function noteMadeBy({ firstWord = "", text }: Statement, made: Made): void {
  if (/^(?:CREATE|ALTER|DO)$/.test(firstWord)) noteMade(text, made);
}

/** Remembers what code makes. */
export function noteMade(text: string, made: Made): void {
  for (const [, name = ""] of text.matchAll(MAKES)) {
    made.names.add(writtenName(name));
  }
  for (const [, range = "", given] of text.matchAll(MAKES_RANGE)) {
    made.names.add(given === undefined ? multirangeOf(writtenName(range)) : writtenName(given));
  }
  made.hasExtension ||= /\bcreate\s+extension\b/i.test(text);
}

/** What PostgreSQL calls the multirange type of a range type, and its functions, where nobody says so. */
function multirangeOf(range: string): string {
  return range.includes("range") ? range.replace("range", "multirange") : `${range}_multirange`;
}

/** Kinds of objects that PostgreSQL brings and that are not compared unless the project makes them. */
const KINDS = new Set(
  ["FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "TYPE", "DOMAIN", "LANGUAGE"].map((kind) => `OBJECT_${kind}`),
);

/**
 * What a statement does to objects that nobody in the project has made: PostgreSQL's own, or those of an extension.
 * @param kind of the statement's node: "GrantStmt"
 * @param body the inside of the node
 */
export function changeOfForeign(kind: string, body: Readonly<Record<string, unknown>>, made: Made): string | undefined {
  const { objects, object, func, targtype, objtype, objectType, renameType } = body;
  if (kind === "GrantStmt" && isOnSystem(objects)) return FOREIGN_RIGHTS;
  const on = [objtype, objectType, renameType].find((type) => KINDS.has(type as string));
  if (on === undefined || kind.startsWith("Drop") || (targtype ?? "ACL_TARGET_OBJECT") !== "ACL_TARGET_OBJECT") {
    return undefined;
  }
  const named = kind === "GrantStmt" ? (objects as unknown[]) : [object ?? func];
  const isForeign = named.map(lastName).some((name) => name !== undefined && !made.names.has(name));
  if (!isForeign) return undefined;
  // Rights on what extensions bring are compared.
  if (kind === "GrantStmt") return made.hasExtension ? undefined : FOREIGN_RIGHTS;
  return FOREIGN;
}

/** The last part of an object's name; the types of a function's arguments are no part of it. */
function lastName(object: unknown): string | undefined {
  return namesIn(object).at(-1)?.[1];
}

/** A name of PostgreSQL's own schemas, or one that begins as its own do. */
function isOnSystem(objects: unknown): boolean {
  return namesIn(objects ?? []).some(
    ([key, name]) =>
      /^(?:pg_catalog|information_schema)$/.test(name) || (key !== "schemaname" && name.startsWith("pg_")),
  );
}

/** All names within a node, with the key that each has there. */
function namesIn(node: unknown): (readonly [key: string, name: string])[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (key === "objargs" || key === "objfuncargs") return [];
    if (typeof value === "string")
      return ["sval", "schemaname", "relname"].includes(key) ? [[key, value] as const] : [];
    return namesIn(value);
  });
}
