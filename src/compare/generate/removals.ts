import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues, describe } from "../catalogue/changes.ts";
import { takenAway } from "../catalogue/taken-away.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { renameFlag } from "./rename-first.ts";
import type { PossibleRename } from "./renames.ts";

/** Something that a migration takes away: an object, a property that protects something, or values. */
export interface Removal {
  /** In PostgreSQL's words: "policy", "row security", "not null"; "data" for values that are cut or gone. */
  readonly kind: string;
  /** Qualified; for data the statement. */
  readonly name: string;
  /** What differs, for finding it in files; undefined for data. */
  readonly change: Change | undefined;
  /** What is gone besides: "its rows are gone". */
  readonly loss: string | undefined;
}

/** Told what a migration takes away before it is written, in every round that finds something new; stops it by throwing. */
export type Permit = (removals: readonly Removal[], possible: readonly PossibleRename[]) => void | Promise<void>;

/**
 * What a plan takes away from `from`, object by object, and what its statements lose besides. Pure.
 * @param statements those of the plan
 */
export function removalsOf(from: Catalogue, to: Catalogue, statements: readonly PlannedStatement[]): Removal[] {
  const losing = statements.filter(({ loss }) => loss !== undefined);
  const lossOf = (name: string): string | undefined =>
    losing.find(({ removes }) => removes.some((id) => describe(id).name === name))?.loss;
  const objects = takenAway(compareCatalogues(from, to)).map((taken): Removal => ({
    ...taken,
    loss: taken.change.change === "dropped" ? lossOf(taken.name) : undefined,
  }));
  const named = new Set(objects.map(({ name }) => name));
  const data = losing
    .filter(({ removes }) => !removes.some((id) => named.has(describe(id).name)))
    .map(({ sql, loss }): Removal => ({ kind: "data", name: sql, change: undefined, loss }));
  return [...objects, ...data];
}

/**
 * What is said where nobody has consented.
 * @param madeBy where the project's files make it: "db/migrations/002_rls.sql:4"
 */
export function refuseRemovals(
  removals: readonly Removal[],
  possible: readonly PossibleRename[],
  madeBy: (removal: Removal) => string | undefined = () => undefined,
): ConfitureError {
  return new ConfitureError(
    "generate_refused",
    `The migration would take away what is there:\n${removals.map((removal) => `  ${describeRemoval(removal, madeBy)}`).join("\n")}`,
    {
      hint: [
        "Nothing was written. If it is to stay, add it to the schema files. If it is to go: --allow-drop, or with names or kinds --allow-drop=policy,public.users.bio",
        ...possible.map((rename) => `If ${rename.from} was renamed: ${renameFlag(rename)}`),
      ].join("\n"),
      data: { removals: removals.map(({ kind, name, loss }) => ({ kind, name, loss: loss ?? null })) },
    },
  );
}

/** "policy public.users.own_rows, made by db/migrations/002_rls.sql:4, is not in the schema files" */
export function describeRemoval(removal: Removal, madeBy: (removal: Removal) => string | undefined): string {
  const { kind, name, change, loss } = removal;
  if (change === undefined) return `${name}; -- ${loss ?? ""}`;
  const place = madeBy(removal);
  const what = `${kind} ${name}${place === undefined ? "" : `, made by ${place},`} is not in the schema files`;
  return loss === undefined ? what : `${what}: ${loss}`;
}
