import { quoteQualified } from "#sql/quote.ts";
import { commentsOn } from "./comments.ts";

/** Of the sequence of an identity. */
export const sequenceComment = commentsOn(
  {
    path: "path",
    relation: "owning",
    payload: "'text', description",
    from: "from described where relkind = 'S' and description is not null",
  },
  ({ path: [schema, name = ""] }) => `SEQUENCE ${quoteQualified(schema, name)}`,
);
