import { quoteLiteral } from "#sql/quote.ts";
import type { Extra, Kind, Statements } from "./kind.ts";

interface Comment {
  readonly text: string;
}

/** A kind of comments on what the planner does not see by itself. */
export function commentsOn(
  query: Kind["query"],
  nameOf: (extra: Pick<Extra, "path" | "relation">) => string,
  others: Pick<Kind<Comment>, "names"> & Pick<Statements<Comment>, "resetsFirst"> = {},
): Kind<Comment> {
  const { resetsFirst, names } = others;
  return {
    query,
    text: ({ text }) => text,
    statements: {
      create: (extra) => [`COMMENT ON ${nameOf(extra)} IS ${quoteLiteral(extra.payload.text).trim()}`],
      reset: (extra) => [`COMMENT ON ${nameOf(extra)} IS NULL`],
      ...(resetsFirst === undefined ? {} : { resetsFirst }),
    },
    ...(names === undefined ? {} : { names }),
  };
}
