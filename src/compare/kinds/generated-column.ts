import { type Extra, kind } from "./kind.ts";

const NAME = "generated column";

/** One that is generated anew whenever it is read, and not stored. It is made, and made anew, with the column. */
export const generatedColumn = kind<object>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: "",
    from: "from remarkable where relkind in ('r', 'p', 'f') and attgenerated = 'v'",
  },
  text: () => "VIRTUAL",
  statements: { create: () => [] },
});

/** Whether a column is such a one. */
export function isVirtual(extras: readonly Extra[], column: readonly [string, string, string]): boolean {
  return extras.some(({ kind: each, path }) => each === NAME && path.every((part, index) => part === column[index]));
}
