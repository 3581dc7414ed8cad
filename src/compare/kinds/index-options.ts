import { quoteQualified } from "#sql/quote.ts";
import { parentTable } from "../engine/lookups.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { type Extra, kind } from "./kind.ts";
import { optionChanges, type Options, optionsIn, optionsText } from "./options.ts";

interface IndexOptions {
  readonly options: Options;
  /** Those of the index of the partitioned table that it comes from. */
  readonly usual: Options;
}

/** Of the index of a constraint, whose definition does not show it, and of one that a partition has from its table. */
export const indexOptions = kind<IndexOptions>({
  query: {
    path: "path",
    relation: "owning",
    payload: `'options', ${optionsIn("reloptions")}, 'usual', ${optionsIn("usual")}`,
    from: `from described where ${optionsIn("reloptions")} <> ${optionsIn("usual")}`,
  },
  text: ({ options, usual }) => {
    const [own, other] = [options, usual].map((each) => optionsText(each) || "none");
    return other === "none" ? own! : `${own} instead of ${other}`;
  },
  statements: {
    create: (extra) => optionChanges(alterIndex(extra), extra.payload.usual, extra.payload.options),
    reset: (extra) => optionChanges(alterIndex(extra), extra.payload.options, extra.payload.usual),
    resetsFirst: true,
    change: (from, to) => optionChanges(alterIndex(to), from.payload.options, to.payload.options),
  },
  names: ({ relation }, { facts }) => indexesOfAncestors({ kind: "table", ...relation! }, facts),
});

function alterIndex({ relation, path }: Extra): string {
  return `ALTER INDEX ${quoteQualified(relation!.schema, path[2] ?? "")}`;
}

/** Those that a partition may have its own from. */
export function indexesOfAncestors(table: ObjectId, facts: Facts): ObjectId[] {
  const parent = parentTable(facts, table);
  if (parent === undefined) return [];
  const id: ObjectId = { kind: "table", ...parent };
  const indexes = facts.childrenOf(id).flatMap((child) => (child.id.kind === "index" ? [child.id] : []));
  return [...indexes, ...indexesOfAncestors(id, facts)];
}
