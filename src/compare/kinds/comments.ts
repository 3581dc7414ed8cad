import { quoteLiteral } from "#sql/quote.ts";
import type { Extra, Kind, Statements } from "./kind.ts";

interface Comment {
  readonly text: string;
}

/** Pure. */
export function commentOn(name: string, comment: string | undefined): string {
  return `COMMENT ON ${name} IS ${comment === undefined ? "NULL" : quoteLiteral(comment).trim()}`;
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
      create: (extra) => [commentOn(nameOf(extra), extra.payload.text)],
      reset: (extra) => [commentOn(nameOf(extra), undefined)],
      ...(resetsFirst === undefined ? {} : { resetsFirst }),
    },
    ...(names === undefined ? {} : { names }),
  };
}
