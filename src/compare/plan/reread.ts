/**
 * A definition as PostgreSQL writes it, so that the same comes back when it is read again. Some do not: what is kept then
 * is another text than before. What is quoted stays as it is. Pure.
 */
export function asReadBack(sql: string): string {
  return withNestedConditions(withListsOfText(sql));
}

const QUOTED = String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$[A-Za-z_]*\$).*?\1`;

/**
 * `s IN ('a', 'b')`, where `s` is a varchar, is written as `s::text = ANY ((ARRAY['a'::varchar, ...])::text[])`. Read again,
 * the cast goes to each element. Without it the comparison brings it along as it did at first.
 */
function withListsOfText(sql: string): string {
  return sql.replaceAll(
    LIST_OF_TEXT,
    (all: string, _tag: string | undefined, comparison: string | undefined, elements: string | undefined): string =>
      comparison === undefined || elements === undefined ? all : `${comparison} (ARRAY[${elements}])`,
  );
}

const ELEMENTS = String.raw`(?:'(?:[^']|'')*'|[^'\[\]])*`;
const LIST_OF_TEXT = new RegExp(String.raw`${QUOTED}|\b(ANY|ALL) \(\(ARRAY\[(${ELEMENTS})\]\)::text\[\]\)`, "gs");

/**
 * `a BETWEEN 1 AND 5 AND b` is kept as a condition within another and written as `(((a >= 1) AND (a <= 5)) AND b)`. Read
 * again, both become one, unless a cast, which is not kept, stands in between.
 */
function withNestedConditions(sql: string): string {
  const open: { readonly start: number; connective?: string }[] = [];
  let result = "";
  let copied = 0;
  for (const { 0: token, index } of sql.matchAll(TOKENS)) {
    const group = open.at(-1);
    if (token === "(") open.push({ start: index });
    else if (token === ")") {
      open.pop();
      const isFirst = group !== undefined && sql[group.start - 1] === "(";
      if (!isFirst || group.connective === undefined || !sql.startsWith(group.connective, index + 1)) continue;
      result += `${sql.slice(copied, index + 1)}::boolean`;
      copied = index + 1;
    } else if (group !== undefined && (token === " AND " || token === " OR ")) group.connective ??= token;
  }
  return result + sql.slice(copied);
}

const TOKENS = new RegExp(String.raw`${QUOTED}|[()]| AND (?=\S)| OR (?=\S)`, "gs");
