import { type Difference, differences } from "../engine/differences.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { extraDifferences } from "../catalogue/extra-differences.ts";
import { isDefinedAlike } from "../catalogue/extras.ts";
import type { Extra } from "../kinds/kind.ts";

/**
 * How much of a change is in a database: all of it, some, or nothing. What else the database holds does not matter.
 * `nothing`: what it makes is not there, and what it takes away is.
 */
export type Share = "all" | "some" | "nothing";

/** Both ends of a change in the words of a database in use, and without what does not count between databases. */
export interface Worded {
  readonly from: Catalogue;
  readonly to: Catalogue;
}

/**
 * Looks for the change from one catalogue to another in a third, object by object and property by property. A change that
 * changes nothing is in all of them. Pure.
 * @param worded for a database in use, whose owners do not count but for those that a migration names
 */
export function shareOf(from: Catalogue, to: Catalogue, database: Catalogue, worded?: Worded): Share {
  const ends = worded ?? { from, to };
  const wanted = ends.to;
  const found = [
    ...differences(from.facts, to.facts).flatMap((delta) =>
      staysAsPart(delta, to) || (worded !== undefined && delta.verb.endsWith("link") && !givesAway(delta, to))
        ? []
        : isIn(delta, database, ends),
    ),
    ...extraDifferences(from, to).map(({ kind, path }) => {
      const of = ({ extras }: Catalogue): Extra | undefined =>
        extras.find((extra) => extra.kind === kind && Bun.deepEquals(extra.path, path));
      const [wants, holds] = [of(wanted), of(database)];
      return isDefinedAlike(wants, holds) && wants?.comment === holds?.comment;
    }),
  ];
  if (found.every(Boolean)) return "all";
  return found.some(Boolean) ? "some" : "nothing";
}

/**
 * Whether what seems to go only is a part of something else then: an index stays while its table gets another name, and is told
 * as gone and as made again, which is looked at.
 */
function staysAsPart(delta: Difference, { facts }: Catalogue): boolean {
  if (delta.verb === "remove") return facts.has(delta.fact.id);
  if (delta.verb !== "unlink") return false;
  const { edge } = delta;
  return facts.outgoingEdges(edge.from).some(({ kind, to }) => kind === edge.kind && Bun.deepEquals(to, edge.to));
}

/** Whether an object gets another owner than the role that runs the migrations, whichever that is. */
function givesAway(delta: Difference, to: Catalogue): boolean {
  if (delta.verb !== "link" || delta.edge.kind !== "owner") return false;
  const owner = delta.edge.to;
  return owner.kind === "role" && ![to.builder, "pg_database_owner"].includes(owner.name);
}

/** Nothing where the change is none of a schema's: roles belong to the server, and dependencies follow from definitions. */
function isIn(delta: Difference, { facts }: Catalogue, { from: begun, to: worded }: Worded): boolean[] {
  switch (delta.verb) {
    case "add": {
      const { id } = delta.fact;
      if (id.kind === "role" || id.kind === "membership") return [];
      // What does not count between databases, such as an owner's own rights, is in neither.
      if (!worded.facts.has(id) && !facts.has(id)) return [];
      return [facts.has(id) && worded.facts.has(id) && facts.hashOf(id) === worded.facts.hashOf(id)];
    }
    case "remove": {
      const { id } = delta.fact;
      if (id.kind === "role" || id.kind === "membership") return [];
      return begun.facts.has(id) || facts.has(id) ? [!facts.has(id)] : [];
    }
    case "set": {
      const [is, wanted] = [facts, worded.facts].map((all) => all.get(delta.id)?.payload[delta.attr]);
      return [facts.has(delta.id) && Bun.deepEquals(is, wanted)];
    }
    case "link":
    case "unlink": {
      const { kind, from, to } = delta.edge;
      if (kind !== "owner" || !facts.has(from)) return [];
      const isOwner = facts.outgoingEdges(from).some((edge) => edge.kind === "owner" && Bun.deepEquals(edge.to, to));
      return [isOwner === (delta.verb === "link")];
    }
  }
}
