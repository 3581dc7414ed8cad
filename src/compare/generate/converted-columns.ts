import { ConfitureError, type Location } from "#errors/error.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Change } from "../catalogue/changes.ts";
import { belongingsOf } from "./belongings.ts";
import { columnId, type ColumnId, domainObstacleOf, isSameTable, obstacleOf, stateOf } from "./column-facts.ts";
import type { Assignments, Conversion } from "./conversion.ts";
import type { FoundColumns } from "./synced-columns.ts";

/**
 * The columns that a conversion is about: they are all that differs. Pure.
 * @throws ConfitureError `generate_refused`
 */
export function convertedColumns(
  changes: readonly Change[],
  from: Catalogue,
  to: Catalogue,
  { forward, backward, file, isLossy }: Conversion & { readonly isLossy: boolean },
): FoundColumns {
  const refuse = (why: string, wayOut: string, location: Location = forward.location): ConfitureError =>
    new ConfitureError("generate_refused", `${file} cannot be carried out: ${why}`, {
      location,
      hint: `Nothing was written. ${wayOut}`,
    });
  const added = changes.filter(({ change, kind }) => kind === "column" && change === "added");
  const dropped = changes.filter(({ change, kind }) => kind === "column" && change === "dropped");
  const come = added.map(({ path }) => columnId(path)).filter((id) => isAbout(forward, id));
  const [first] = come;
  if (first === undefined) {
    const name = writeIdentifier(forward.table.name);
    throw refuse(
      `the schema files have no new column of ${name}`,
      "Write the table into the schema files as it is to be in the end: with the new columns, and without those that they take the place of.",
    );
  }
  const go = dropped.map(({ path }) => columnId(path)).filter((id) => isSameTable(id, first));
  const { obstacle: inTheWay, belongings, covers } = belongingsOf(from, to, go, come);
  const other = changes.find(
    (change) =>
      !covers(change) &&
      (change.kind !== "column" || ![...come, ...go].some((id) => isSame(id, columnId(change.path)))),
  );
  if (other !== undefined) {
    throw refuse(
      `there are other differences as well: ${other.kind} ${other.name} (${other.change})`,
      "Generate the conversion by itself, and the rest before or after it.",
    );
  }
  requireSame("forward", "new", forward, come, refuse);
  if (go.length > 0 && backward === undefined) {
    throw refuse(
      `it does not say how ${names(go)} is filled while releases that read it run`,
      "Add below the line -- confiture:backward an UPDATE that fills it from the new columns.",
    );
  }
  if (backward !== undefined) {
    if (!isAbout(backward, first)) throw refuse("its statements are about two tables", "Let both be about one.");
    requireSame("backward", "old", backward, go, refuse, backward.location);
  }
  const isTwoWay = go.length > 0;
  const inputs = [...forward.values.values()].flatMap(({ columns }) => columns);
  const results = [...(backward?.values.values() ?? [])].flatMap(({ columns }) => columns);
  const own = inputs.find((column) => come.some(({ name }) => name === column));
  if (own !== undefined) throw refuse(`its forward reads ${own}, which it fills`, "Let it read the old columns.");
  const generated = inputs.find(
    (name) => (from.facts.get({ ...first, name })?.payload["generatedExpr"] ?? null) !== null,
  );
  if (generated !== undefined) {
    throw refuse(
      `it reads ${generated}, which is generated: PostgreSQL computes that only after triggers have run`,
      "Let it read the columns that this one is generated from.",
    );
  }
  const shared = isTwoWay
    ? (inputs.find((column) => !go.some(({ name }) => name === column)) ??
      results.find((column) => !come.some(({ name }) => name === column)))
    : undefined;
  if (shared !== undefined) {
    throw refuse(
      `it reads ${shared}, which both releases write: when that changes, nobody can tell which side is right`,
      "Let forward read only columns that go, and backward only columns that come.",
    );
  }
  const obstacles = [...go, ...come].map((id) => {
    const obstacle = go.includes(id) ? obstacleOf(from, id) : (obstacleOf(to, id) ?? domainObstacleOf(to, id));
    return obstacle === undefined ? undefined : `${id.name}: ${obstacle}`;
  });
  const obstacle = obstacles.find((why) => why !== undefined) ?? inTheWay;
  if (obstacle !== undefined) {
    throw refuse(
      obstacle,
      "What belongs to a column (a key, a view, rights) can be taken away in a migration before, and made in one behind. Or write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.",
    );
  }
  const [old, fresh] = [go.map((id) => stateOf(from, id)), come.map((id) => stateOf(to, id))];
  const given = isTwoWay ? fresh.find((state) => state.default !== undefined) : undefined;
  if (given !== undefined) {
    throw refuse(
      `the new column ${given.name} has a default, so that a row of the old release would look like one of the new`,
      "Leave the default out of the schema files until the contract has run, and generate it then.",
    );
  }
  return {
    schema: first.schema,
    table: first.table,
    old,
    fresh,
    forward: fresh.map(({ name }) => forward.values.get(name)!),
    backward: old.map(({ name }) => backward!.values.get(name)!),
    isTwoWay,
    isLossy,
    belongings,
  };
}

function isAbout({ table: { schema, name } }: Assignments, id: ColumnId): boolean {
  return id.table === name && (schema === undefined || schema === id.schema);
}

function isSame(one: ColumnId, other: ColumnId): boolean {
  return isSameTable(one, other) && one.name === other.name;
}

function names(ids: readonly ColumnId[]): string {
  return ids.map(({ name }) => name).join(", ");
}

/** Whether an UPDATE fills exactly these columns. */
function requireSame(
  way: string,
  side: string,
  { values }: Assignments,
  columns: readonly ColumnId[],
  refuse: (why: string, wayOut: string, location?: Location) => ConfitureError,
  location?: Location,
): void {
  const missing = columns.filter(({ name }) => !values.has(name));
  const extra = [...values.keys()].filter((name) => !columns.some((column) => column.name === name));
  if (missing.length > 0) {
    throw refuse(`its ${way} leaves out ${names(missing)}`, `Let it fill every ${side} column.`, location);
  }
  if (extra.length > 0) {
    throw refuse(
      `its ${way} fills ${extra.join(", ")}, which is no ${side} column of the schema files`,
      side === "new"
        ? "Fill the columns that the schema files have and the database does not."
        : "Fill the columns that the database has and the schema files do not have any more.",
      location,
    );
  }
}
