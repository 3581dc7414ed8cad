import type { Fact, Facts, Value } from "../engine/facts.ts";
import { textOf, withPayloads } from "../engine/lookups.ts";
import { argumentsOf } from "../kinds/aggregate-arguments.ts";
import { parentsFromTheBeginning, parentsOf } from "../kinds/further-parents.ts";
import { isVirtual } from "../kinds/generated-column.ts";
import type { Extra, Relation, Side } from "../kinds/kind.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/**
 * Facts with what the planner does not read and needs to write a statement whole, as `scripts/patch-planner.ts` teaches it: virtual
 * columns, parents after the first, sequences that are unlogged like their table, arguments of aggregates that are VARIADIC,
 * indexes that not all partitions have, publications of tables with children, and the role that built the side. None of it counts in
 * a comparison: differences are planned by the kinds. Pure.
 */
export function withPlannerDetails(facts: Facts, side: Pick<Catalogue, "extras" | "major" | "builder">): Facts {
  const incomplete = pathsOf(side.extras, "partitioned index");
  const severalParents = pathsOf(side.extras, "further parents");
  const persistent = pathsOf(side.extras, "sequence persistence");
  const known = { facts, extras: side.extras };
  const withChildren = new Set(
    facts.facts().flatMap(({ id }) => (id.kind === "table" ? inheritedFrom(id, known) : [])),
  );
  const detailsOf = ({ id }: Fact): Readonly<Record<string, Value>> | undefined => {
    switch (id.kind) {
      case "column":
        return isVirtual(side.extras, [id.schema, id.table, id.name]) ? { _virtual: true } : undefined;
      case "table": {
        if (!severalParents.has(pathKey(id.schema, id.name))) return undefined;
        const parents = parentsFromTheBeginning(id, known);
        return parents.length === 0
          ? undefined
          : { _furtherParents: parents.map(({ schema, name }) => ({ schema, name })) };
      }
      case "sequence": {
        // Since PostgreSQL 15; one that is not as its table is brought to it afterwards.
        const isOther = side.major < 15 || persistent.has(pathKey(id.schema, id.name));
        return !isOther && isOfUnlogged(id, facts) ? { _unlogged: true } : undefined;
      }
      case "aggregate": {
        const args = argumentsOf(side.extras, id);
        return args === undefined ? undefined : { _arguments: args };
      }
      case "index":
      case "constraint":
        return incomplete.has(pathKey(id.schema, id.name)) ? { _incomplete: true } : undefined;
      case "role":
        return id.name === side.builder ? { _builder: true } : undefined;
      case "publicationRel":
        return withChildren.has(pathKey(id.schema, id.table)) ? { _only: true } : undefined;
      default:
        return undefined;
    }
  };
  const details = new Map(
    facts.facts().flatMap((fact) => {
      const found = detailsOf(fact);
      return found === undefined ? [] : [[fact, found] as const];
    }),
  );
  return withPayloads(
    facts,
    (fact) => details.has(fact),
    (fact) => details.get(fact) ?? {},
  );
}

function pathsOf(extras: readonly Extra[], kind: string): ReadonlySet<string> {
  return new Set(extras.flatMap((extra) => (extra.kind === kind ? [pathKey(extra.path[0], extra.path[1])] : [])));
}

function pathKey(schema: string | undefined, name: string | undefined): string {
  return JSON.stringify([schema, name]);
}

/** What a table that is no partition inherits from, as keys. */
function inheritedFrom({ schema, name }: Relation, side: Side): string[] {
  if (textOf(side.facts, { kind: "table", schema, name }, "partitionBound") !== undefined) return [];
  return parentsOf({ schema, name }, side).map((parent) => pathKey(parent.schema, parent.name));
}

function isOfUnlogged(id: Fact["id"], facts: Facts): boolean {
  const owner = facts.get(id)?.payload["ownedBy"] as { schema: string; table: string } | null | undefined;
  if (owner === null || owner === undefined) return false;
  return textOf(facts, { kind: "table", schema: owner.schema, name: owner.table }, "persistence") === "u";
}
