import { quoteQualified } from "#sql/quote.ts";
import { commentsOn } from "./comments.ts";
import { indexesOfAncestors } from "./index-options.ts";

/** Of the index of a constraint, and of one that a partition has from its table. */
export const indexComment = commentsOn(
  {
    path: "path",
    relation: "owning",
    payload: "'text', description",
    from: "from described where relkind <> 'S' and description is not null",
  },
  ({ relation, path }) => `INDEX ${quoteQualified(relation!.schema, path[2] ?? "")}`,
  {
    resetsFirst: true,
    names: ({ relation }, { facts }) => indexesOfAncestors({ kind: "table", ...relation! }, facts),
  },
);
