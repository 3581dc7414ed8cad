import type { Fact, Facts } from "../engine/facts.ts";
import { type MadeTable, writeTable } from "../engine/made-table.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { type Action, creationActions, PlannerRefusal } from "../engine/actions.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { withoutObjects, withPayloads } from "../engine/lookups.ts";
import { giveBackMemory } from "../engine/memory.ts";
import { type Detail, detailId, UNFILLED } from "./details.ts";
import { withPlannerDetails } from "../plan/planner-details.ts";
import { withNotNullOnce } from "../plan/not-null.ts";
import { withSerials } from "../plan/serials.ts";
import { withRights } from "../plan/object-rights.ts";
import { creationsOf } from "../plan/extras.ts";
import { layOut, type LayoutUnit } from "./layout.ts";
import { divideIntoUnits } from "./units.ts";
import { parentsFromTheBeginning } from "../kinds/further-parents.ts";
import { lateChildren, withoutLateParents } from "../kinds/late-parents.ts";
import type { Extra, Home, Side } from "../kinds/kind.ts";
import { kindOf } from "../catalogue/extras.ts";

/** Statements for one file, in order, without semicolons. */
export interface PlannedFile {
  /** Below the schema folder. */
  readonly path: string;
  readonly statements: readonly string[];
  /** It speaks of something that only a later file makes. */
  readonly ahead: boolean;
}

/**
 * The files that make `live` of an empty database, each object with what belongs to it. Pure.
 * @param details what objects of `live` have besides
 * @param builders roles whose default privileges are those of whoever builds
 * @throws ConfitureError `export_unproven` when no statements are known for something
 */
export function planFiles(
  empty: Catalogue,
  live: Catalogue,
  details: readonly Detail[],
  builders: readonly (string | undefined)[],
): PlannedFile[] {
  const from = withNotNullOnce(empty.facts, empty, live);
  const unfilled = new Set(
    details.flatMap((detail) => (detail.property === UNFILLED ? [encodeId(detailId(detail))] : [])),
  );
  const property = ({ id }: Fact): Fact["payload"] | undefined => {
    // The ledger may have a schema made, a provider an extension.
    if ((id.kind === "schema" || id.kind === "extension") && !from.has(id)) return { _whereNotThere: true };
    return id.kind === "materializedView" && unfilled.has(encodeId(id)) ? { _unfilled: true } : undefined;
  };
  const wanted = withPlannerDetails(withNotNullOnce(live.facts, live, live), live);
  const to = withPayloads(
    wanted,
    (fact) => property(fact) !== undefined,
    (fact) => property(fact) ?? {},
  );
  const units = divideIntoUnits(to);
  // Default privileges are for what is made later, and here that is nothing: the objects have their own grants.
  const isLater = ({ id }: { id: ObjectId }): boolean =>
    id.kind === "defaultPrivilege" || units.deferred.has(encodeId(id));
  const later = to.facts().filter(isLater);
  const first = withoutObjects(
    to,
    later.map(({ id }) => id),
  );
  const statements = new Map<string, string[]>();
  const late = lateChildren({ facts: to, extras: live.extras }, from);
  const [alone, all] = [first, to].map((facts) => withoutLateParents(facts, late)) as [Facts, Facts];
  // Planned by what PostgreSQL gives to everything that is new, and by each role's rights alone: `ALL` where a role has all of them.
  const rightful = (actions: readonly Action[], before: Facts, after: Facts): readonly Action[] =>
    withRights(actions, { ...empty, facts: before }, { ...live, facts: after }, builders);
  for (const action of [
    ...rightful(withSerials(wholeTables(planActions(from, alone), from, alone), alone), from, alone),
    ...(later.length === 0 ? [] : rightful(planActions(alone, all), alone, all)),
  ]) {
    const about = [...action.consumes, ...action.destroys];
    const unit = units.unitFor({ produces: action.produces, about });
    units.require(unit, action.consumes);
    for (const id of action.produces) if (id.kind === "table") units.require(unit, parentsFromTheBeginning(id, live));
    const own = statements.get(unit) ?? [];
    own.push(action.sql);
    statements.set(unit, own);
  }
  for (const { id, sql } of late) statements.get(units.unitFor({ produces: [], about: [id] }))?.push(sql);
  for (const detail of details) {
    if (detail.statement === null) continue;
    statements.get(units.unitFor({ produces: [], about: [detailId(detail)] }))?.push(detail.statement);
  }
  for (const { extra, isName, statements: more } of creationsOf(empty, { ...live, facts: to })) {
    const home = isName ? SHELLS : kindOf(extra).home;
    if (home !== undefined) {
      const unit = units.add(home.folder, home.name, more.join("\n"));
      statements.set(unit, [...(statements.get(unit) ?? []), ...more]);
    } else {
      const about = idsOf(extra, { ...live, facts: to });
      if (about.length === 0) continue;
      const unit = units.unitFor({ produces: [], about });
      units.require(unit, about);
      // What it is of may be there already, and is then all that its file has.
      statements.set(unit, [...(statements.get(unit) ?? []), ...more]);
    }
  }
  const { paths, ahead } = layOut(withStatements(units.all, statements));
  return [...statements].map(([key, own]) => ({ path: paths.get(key)!, statements: own, ahead: ahead.has(key) }));
}

/** The objects that a property is about: its table, view, type or sequence, and what else it names. */
function idsOf(extra: Extra, side: Side): ObjectId[] {
  const { schema, name } = extra.relation ?? { schema: extra.path[0] ?? "", name: extra.path[1] ?? "" };
  const ids: ObjectId[] = ABOUT.map((kind) => ({ kind, schema, name }));
  return [...ids, ...(kindOf(extra).names?.(extra, side) ?? [])].filter((id) => side.facts.has(id));
}

const ABOUT = ["table", "materializedView", "foreignTable", "view", "type", "sequence", "index"] as const;

/** Where base types are names only. What tables and indexes may need comes before them. */
const SHELLS: Home = { folder: "common", name: "base_types" };

/** Units without statements are there already; nothing has to wait for them. */
function withStatements(units: readonly LayoutUnit[], statements: ReadonlyMap<string, unknown>): LayoutUnit[] {
  const only = (keys: ReadonlySet<string>): Set<string> => new Set([...keys].filter((key) => statements.has(key)));
  return units
    .filter(({ key }) => statements.has(key))
    .map((unit) => ({ ...unit, needs: only(unit.needs), mentions: only(unit.mentions) }));
}

function planActions(from: Facts, to: Facts, compact = true): readonly Action[] {
  // What is left of whatever was read or planned before.
  giveBackMemory();
  try {
    const actions = creationActions(from, to, compact);
    giveBackMemory();
    return actions;
  } catch (cause) {
    if (!(cause instanceof PlannerRefusal)) throw cause;
    throw new ConfitureError("export_unproven", `No statements are known for something: ${cause.message}`, {
      cause,
    });
  }
}

/**
 * pg-delta makes a table column by column where a type or function comes later in its own order, which changes the
 * order of the columns. In files that come in the right order the whole table can be one statement.
 */
function wholeTables(actions: readonly Action[], from: Facts, to: Facts): Action[] {
  if (areTablesWhole(actions, to)) return [...actions];
  const tables = new Map<string, WholeTable>();
  const folded = new Set<string>();
  /** What a table did not take in. */
  const apart = new Map<string, Action>();
  for (const action of planActions(from, to, false)) {
    const made = action.produces[0];
    if (made === undefined) continue;
    if (made.kind === "table" || made.kind === "foreignTable") {
      if (action.table !== undefined) tables.set(encodeId(made), new WholeTable(action.table));
    } else if ((made.kind === "column" || made.kind === "constraint") && to.get(made)?.parent !== undefined) {
      const fact = to.get(made)!;
      const table = tables.get(encodeId(fact.parent!));
      if (fact.payload["type"] === "f" && made.kind === "constraint") continue;
      if (action.element !== undefined && table?.add(action.element, fact) === true)
        for (const id of action.produces) folded.add(encodeId(id));
      else apart.set(encodeId(made), action);
    }
  }
  return actions.flatMap((action) => {
    const made = action.produces[0];
    if (made === undefined) return [action];
    const table = action.verb === "create" ? tables.get(encodeId(made)) : undefined;
    if (table !== undefined) {
      // pg-delta may have taken it in.
      const rest = action.produces.flatMap((id) => apart.get(encodeId(id)) ?? []);
      return [{ ...action, ...table.made() }, ...rest];
    }
    return folded.has(encodeId(made)) ? [] : [action];
  });
}

/**
 * Whether pg-delta itself made every table with all its columns, in their order, and its constraints: a second plan, of
 * large schemas, costs as much time and memory as the first.
 */
function areTablesWhole(actions: readonly Action[], to: Facts): boolean {
  return actions.every(({ verb, produces }) => {
    const [made] = produces;
    if (verb !== "create" || made === undefined) return true;
    if (made.kind === "column") return false;
    if (made.kind === "constraint") return to.get(made)?.payload["type"] === "f";
    if (made.kind !== "table" && made.kind !== "foreignTable") return true;
    const indexes = new Set<string>();
    let last = -1;
    return produces.every((id) => {
      if (id.kind !== "column" && id.kind !== "constraint") return true;
      const payload = to.get(id)?.payload ?? {};
      const { type, validated, _position } = payload;
      const position = id.kind === "column" ? Number(_position) : Infinity;
      const isInOrder = position >= last;
      last = position;
      if (!isInOrder || id.kind === "column") return isInOrder;
      if (type === "f" || validated === false) return false;
      // Of two with the same index, one has to come later.
      const index = indexOf(payload);
      if (index === undefined) return true;
      const isFirst = !indexes.has(index);
      indexes.add(index);
      return isFirst;
    });
  });
}

/** A table that takes in what pg-delta adds to it afterwards. */
class WholeTable {
  readonly #table: MadeTable;
  readonly #added: { readonly element: string; readonly position: number }[] = [];
  readonly #indexes = new Set<string>();

  constructor(table: MadeTable) {
    this.#table = table;
  }

  /** Takes in a column or constraint, if it can be part of this statement. */
  add(element: string, { id, payload }: Fact): boolean {
    const { elements, tail } = this.#table;
    // A partitioned table comes with its columns; what is added are constraints.
    if (elements.length > 0 && !tail.startsWith(" PARTITION BY ")) return false;
    // Of two that need the same index, PostgreSQL makes one within one statement.
    const index = indexOf(payload);
    if (index !== undefined && this.#indexes.has(index)) return false;
    if (index !== undefined) this.#indexes.add(index);
    this.#added.push({ element, position: id.kind === "column" ? Number(payload["_position"]) : Infinity });
    return true;
  }

  made(): Required<Pick<Action, "sql" | "table">> {
    const added = this.#added.toSorted((a, b) => a.position - b.position || 0).map(({ element }) => element);
    const table = { ...this.#table, elements: [...this.#table.elements, ...added] };
    return { sql: writeTable(table), table };
  }
}

/** What the index of a constraint is made of; undefined where it has none. */
function indexOf({ type, def }: Fact["payload"]): string | undefined {
  if (typeof def !== "string" || (type !== "p" && type !== "u" && type !== "x")) return undefined;
  return def.replace(/^(?:PRIMARY KEY|UNIQUE|EXCLUDE) /, "");
}
