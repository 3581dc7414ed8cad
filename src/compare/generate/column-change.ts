import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { textOf } from "../engine/lookups.ts";
import { ConfitureError } from "#errors/error.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { clipName } from "#sql/clip-name.ts";
import { backfillOptions } from "./backfill-options.ts";
import type { Rename } from "./renames.ts";

/** One column that another takes the place of, while releases that know the one and the other write. */
export interface ColumnChange {
  readonly kind: "rename" | "type";
  readonly schema: string;
  readonly table: string;
  readonly old: ColumnState;
  /** Its name for as long as both are there. */
  readonly fresh: ColumnState;
  /** The name of the new column in the end. */
  readonly finalName: string;
  /** Options of the marker of its backfill. */
  readonly backfill: string;
}

export interface ColumnState {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** An expression. */
  readonly default: string | undefined;
}

/**
 * Casts that never fail and lose nothing, so that the statements of the release that writes the old type go on working.
 * All of them make PostgreSQL write the table anew.
 */
const WIDENING: Readonly<Record<string, readonly string[]>> = {
  smallint: ["integer", "bigint", "numeric", "text"],
  integer: ["bigint", "numeric", "text"],
  bigint: ["numeric", "text"],
  real: ["double precision"],
  boolean: ["text"],
  uuid: ["text"],
};

/**
 * The one difference between two catalogues, where that is a column with another name, or another type; undefined where it
 * is something else. Pure.
 * @throws ConfitureError `generate_refused` for a rename that was asked for and cannot be made in steps
 */
export function findColumnChange(from: Catalogue, to: Catalogue, renames: readonly Rename[]): ColumnChange | undefined {
  const changes = compareCatalogues(from, to);
  return renameIn(changes, from, to, renames) ?? typeChangeIn(changes, from, to);
}

function renameIn(
  changes: readonly Change[],
  from: Catalogue,
  to: Catalogue,
  renames: readonly Rename[],
): ColumnChange | undefined {
  const [rename, second] = renames;
  if (rename === undefined) return undefined;
  const gone = changes.find(({ change, kind, name }) => {
    return change === "dropped" && kind === "column" && (name === rename.from || name.endsWith(`.${rename.from}`));
  });
  if (gone === undefined) return undefined;
  const { name, path } = gone;
  const refuse = (why: string): ConfitureError => refused(`${name} cannot be renamed online: ${why}`);
  const newName = rename.to.slice(rename.to.lastIndexOf(".") + 1);
  const came = changes.find(({ change, kind, path: other }) => {
    return change === "added" && kind === "column" && other.at(-1) === newName && sameTable(other, path);
  });
  if (came === undefined) return undefined;
  const [oldId, newId] = [columnId(path), columnId(came.path)];
  const obstacle = obstacleOf(from, oldId) ?? obstacleOf(to, newId);
  if (obstacle !== undefined) throw refuse(obstacle);
  if (second !== undefined || changes.length !== 2) {
    throw refuse("there are other differences as well");
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
  return { kind: "rename", ...tableOf(from, oldId), old, fresh, finalName: fresh.name };
}

function typeChangeIn(changes: readonly Change[], from: Catalogue, to: Catalogue): ColumnChange | undefined {
  const [only, second] = changes;
  if (only === undefined || second !== undefined || only.kind !== "column" || only.change !== "changed")
    return undefined;
  if (only.properties.some(({ property }) => property !== "type")) return undefined;
  const id = columnId(only.path);
  const [old, target] = [stateOf(from, id), stateOf(to, id)];
  if (WIDENING[old.type]?.includes(target.type) !== true || obstacleOf(from, id) !== undefined) return undefined;
  const fresh = { ...target, name: `${clipName(old.name, 58)}__new` };
  if (from.facts.has({ ...id, name: fresh.name })) return undefined;
  return { kind: "type", ...tableOf(from, id), old, fresh, finalName: old.name };
}

/** What a column that is only copied would not have; undefined for nothing. */
function obstacleOf({ facts }: Catalogue, id: ColumnId): string | undefined {
  const { payload = {} } = facts.get(id) ?? {};
  const table: ObjectId = { kind: "table", schema: id.schema, name: id.table };
  if (!facts.has(table)) return "it is not of a table";
  if (textOf(facts, table, "partitionKey") !== undefined) return "its table is partitioned";
  if ((facts.get(table)?.payload["parentTable"] ?? null) !== null) return "its table inherits from another";
  if ((payload["identity"] ?? null) !== null) return "it is an identity column";
  if ((payload["generatedExpr"] ?? null) !== null) return "it is generated";
  if (/\bnextval\(/.test(defaultOf({ facts }, id) ?? "")) return "its default is a sequence";
  const dependents = [
    ...facts.childrenOf(id).map((child) => child.id),
    ...facts.incomingEdges(id).map((edge) => edge.from),
  ].filter(({ kind }) => kind !== "default");
  const [first] = dependents;
  if (first === undefined) return undefined;
  return `${first.kind === "acl" ? "rights" : `the ${first.kind}${"name" in first ? ` ${first.name}` : ""}`} would have to be made for the new column as well`;
}

interface ColumnId {
  readonly kind: "column";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function columnId(path: readonly string[]): ColumnId {
  const [schema = "", table = "", name = ""] = path;
  return { kind: "column", schema, table, name };
}

function sameTable(one: readonly string[], other: readonly string[]): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function stateOf(catalogue: Catalogue, id: ColumnId): ColumnState {
  const fact = catalogue.facts.get(id);
  return {
    name: id.name,
    type: textOf(catalogue.facts, id, "type") ?? "",
    notNull: fact?.payload["notNull"] === true,
    default: defaultOf(catalogue, id),
  };
}

function defaultOf({ facts }: Pick<Catalogue, "facts">, id: ColumnId): string | undefined {
  const value = facts.childrenOf(id).find((child) => child.id.kind === "default");
  return value === undefined ? undefined : textOf(facts, value.id, "expr");
}

function tableOf(
  { facts }: Catalogue,
  { schema, table }: ColumnId,
): Pick<ColumnChange, "schema" | "table" | "backfill"> {
  return { schema, table, backfill: backfillOptions(facts, schema, table) };
}

function refused(message: string): ConfitureError {
  return new ConfitureError("generate_refused", message, {
    hint:
      "Nothing was written. Without --online it is renamed at once, which a release that knows the old name does not survive. Or write the steps by hand, " +
      "as docs/guides/medium-4-schema-to-schema.md shows. Other differences: generate the rename by itself, and the rest before or after it.",
  });
}
