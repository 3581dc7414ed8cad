import { ConfitureError } from "#errors/error.ts";
import { type Change, listChanges } from "../catalogue/changes.ts";
import type { Renaming } from "./renames.ts";
import { nameOf } from "../sources/subjects.ts";

export const BY_HAND = "Nothing was written. Edit the schema files by hand; `confiture verify` shows what they lack.";

/** The error of files that do not build with their edits. */
export function doesNotBuild(error: ConfitureError): ConfitureError {
  return error.with({
    code: "schema_update_refused",
    message: `The edited schema files do not build: ${error.message}`,
    hint: BY_HAND,
  });
}

/** The same of files that do not build with what was renamed in them. */
export function afterRename(renamings: readonly Renaming[], error: ConfitureError): ConfitureError {
  const names = renamings.map(({ subject, to }) => `${nameOf(subject)} renamed to ${to}`).join(" and ");
  return error.with({
    code: "schema_update_refused",
    message: `With ${names}, the schema files do not build: ${error.message}`,
    hint:
      "Nothing was written. A rename reaches no bodies of functions: they fail in databases as well, once it has run.\n" +
      "Replace them in the same migration or in another one (CREATE OR REPLACE FUNCTION; `confiture migrate new NAME` makes a file), and leave them in the schema files as they are; then: confiture schema update",
  });
}

/** Of files that build something else than the migrations make. */
export function remains(changes: readonly Change[]): ConfitureError {
  return new ConfitureError(
    "schema_update_refused",
    `The edited schema files would not build what the migrations make. What remains different:\n${listChanges(changes)}`,
    { hint: changes.some(({ properties }) => properties.some(isOwner)) ? `${BY_HAND}\n${OWNED}` : BY_HAND },
  );
}

function isOwner({ property }: Change["properties"][number]): boolean {
  return property === "owner";
}

const OWNED =
  "A role that a schema file takes on (SET ROLE) owns what is made behind that. End it there with RESET ROLE, or say in a migration who is to own this: ALTER TABLE ... OWNER TO ...";

export function isRefusal(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.code === "schema_update_refused";
}
