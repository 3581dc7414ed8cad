/**
 * PostgreSQL writes `s IN ('a', 'b')`, where `s` is a varchar, as `s::text = ANY ((ARRAY['a'::varchar, ...])::text[])`. Read
 * again, the cast goes to each element, and what is kept is another text than before. Without the cast the same comes back:
 * the comparison brings it along. Pure.
 * @param sql a definition as PostgreSQL writes it; what is quoted in it stays as it is
 */
export function asReadBack(sql: string): string {
  return sql.replaceAll(
    WHOLE_OR_PART,
    (all: string, _tag: string | undefined, comparison: string | undefined, elements: string | undefined): string =>
      comparison === undefined || elements === undefined ? all : `${comparison} (ARRAY[${elements}])`,
  );
}

const QUOTED = String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$[A-Za-z_]*\$).*?\1`;
const ELEMENTS = String.raw`(?:'(?:[^']|'')*'|[^'\[\]])*`;
const WHOLE_OR_PART = new RegExp(String.raw`${QUOTED}|\b(ANY|ALL) \(\(ARRAY\[(${ELEMENTS})\]\)::text\[\]\)`, "gs");
