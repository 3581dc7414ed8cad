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

/**
 * Looks for the change from one catalogue to another in a third, object by object and property by property. A change that
 * changes nothing is in all of them. Pure.
 * @param worded `to` in the words of a database in use, whose owners do not count but for those that a migration names
 */
export function shareOf(from: Catalogue, to: Catalogue, database: Catalogue, worded?: Catalogue): Share {
  const wanted = worded ?? to;
  const found = [
    ...differences(from.facts, to.facts).flatMap((delta) =>
      worded !== undefined && delta.verb.endsWith("link") && !givesAway(delta, to) ? [] : isIn(delta, database, wanted),
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

/** Whether an object gets another owner than the role that runs the migrations, whichever that is. */
function givesAway(delta: Difference, to: Catalogue): boolean {
  if (delta.verb !== "link" || delta.edge.kind !== "owner") return false;
  const owner = delta.edge.to;
  return owner.kind === "role" && ![to.builder, "pg_database_owner"].includes(owner.name);
}

/** Nothing where the change is none of a schema's: roles belong to the server, and dependencies follow from definitions. */
function isIn(delta: Difference, { facts }: Catalogue, worded: Catalogue): boolean[] {
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
      return id.kind === "role" || id.kind === "membership" ? [] : [!facts.has(id)];
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
