import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { textOf } from "../engine/lookups.ts";
import { belongingsOf } from "./belongings.ts";
import { publishedHazard } from "../plan/published.ts";
import { backfillOptions, filledHazard } from "./backfill-options.ts";
import { columnId, type ColumnId, domainObstacleOf, isSameTable, obstacleOf, stateOf } from "./column-facts.ts";
import { convertedColumns } from "./converted-columns.ts";
import { columnOf } from "./expression.ts";
import type { PlanOptions } from "./options.ts";
import type { Rename } from "./renames.ts";
import type { FoundColumns, SyncedColumns } from "./synced-columns.ts";

/**
 * The one difference between two catalogues, where that is columns that others take the place of: by a conversion or
 * by a rename; undefined where it is something else. Pure.
 * @throws ConfitureError `generate_refused` for what was asked for and cannot be made in steps
 */
export function findColumnChange(
  from: Catalogue,
  to: Catalogue,
  { renames, convert, name }: Pick<PlanOptions, "renames" | "convert" | "name">,
): SyncedColumns | undefined {
  const changes = compareCatalogues(from, to);
  const found =
    convert === undefined ? renameIn(changes, from, to, renames) : convertedColumns(changes, from, to, convert);
  if (found === undefined) return undefined;
  const { schema, table } = found;
  const { facts } = from;
  return {
    ...found,
    backfill: backfillOptions(facts, schema, table),
    filling: filledHazard(facts, schema, table),
    published: publishedHazard(facts, schema, table),
    change: name,
  };
}

function renameIn(
  changes: readonly Change[],
  from: Catalogue,
  to: Catalogue,
  renames: readonly Rename[],
): FoundColumns | undefined {
  const [rename, second] = renames;
  if (rename === undefined) return undefined;
  const gone = changes.find(({ change, kind, name }) => {
    return change === "dropped" && kind === "column" && (name === rename.from || name.endsWith(`.${rename.from}`));
  });
  if (gone === undefined) return undefined;
  const oldId = columnId(gone.path);
  const refuse = (why: string): ConfitureError => refused(`${gone.name} cannot be renamed online: ${why}`);
  const newName = rename.to.slice(rename.to.lastIndexOf(".") + 1);
  const came = changes.find(({ change, kind, path: other }) => {
    return change === "added" && kind === "column" && other.at(-1) === newName && isSameTable(columnId(other), oldId);
  });
  if (came === undefined) return undefined;
  const newId = columnId(came.path);
  const { obstacle: inTheWay, belongings, covers } = belongingsOf(from, to, [oldId], [newId]);
  const obstacle = obstacleOf(from, oldId) ?? obstacleOf(to, newId) ?? domainObstacleOf(to, newId) ?? inTheWay;
  if (obstacle !== undefined) throw refuse(obstacle);
  if (second !== undefined) throw refuse("there is another rename as well");
  const others = changes.filter((one) => one !== gone && one !== came && !covers(one));
  if (others.length > 0) {
    const named = others.map(({ kind, name, change }) => `${kind} ${name} (${change})`).join(", ");
    throw refuse(`there are other differences as well: ${named}`);
  }
  const [old, fresh] = [stateOf(from, oldId), stateOf(to, newId)];
  if (old.type !== fresh.type || textOf(from.facts, oldId, "collation") !== textOf(to.facts, newId, "collation")) {
    throw refuse("it gets another type or collation, too");
  }
  if (!fresh.notNull && fresh.default !== undefined) {
    throw refuse(
      "it may be null and has a default, so that a NULL of the new release looks like a value that is left out",
    );
  }
  return {
    ...tableOf(oldId),
    old: [old],
    fresh: [fresh],
    forward: [columnOf(old.name)],
    backward: [columnOf(fresh.name)],
    isTwoWay: true,
    isLossy: false,
    belongings,
  };
}

function tableOf({ schema, table }: ColumnId): Pick<SyncedColumns, "schema" | "table"> {
  return { schema, table };
}

function refused(message: string): ConfitureError {
  return new ConfitureError("generate_refused", message, {
    hint:
      "Nothing was written. Without --online it is renamed at once, which a release that knows the old name does not survive. Or write the steps by hand, " +
      "as docs/guides/medium-4-schema-to-schema.md shows. Other differences: generate the rename by itself, and the rest before or after it.",
  });
}
