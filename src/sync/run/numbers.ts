import type { Database } from "#database/database.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";
import type { Comparison, Digest } from "./digests.ts";
import { marked, type Origin, originals } from "./origins.ts";
import type { NumberPlace } from "./places.ts";
import type { Leak } from "./proof-result.ts";

/** Digits of the shortest number that is looked for, and of the shortest in a key: those given out in order are shorter. */
const LEAST = 7;
const LEAST_OF_KEY = 10;
const MOST = 19;

/** SQL for how the digits of a number, `n.digits`, may have been written, one a row: a number has no zeros before it. */
const FORMS: Readonly<Partial<Record<TokenKind, string>>> = {
  phone:
    "select f.form from (values (n.digits), ('0' operator(pg_catalog.||) n.digits)) f (form) where pg_catalog.length(n.digits) operator(pg_catalog.<=) 15",
  card: "select n.digits where pg_catalog.length(n.digits) operator(pg_catalog.>=) 13",
  ssn: "select pg_catalog.lpad(n.digits, 9, '0') where pg_catalog.length(n.digits) operator(pg_catalog.<=) 9",
};

/** Whether an original may stand in a column of numbers. */
export function isNumeric(kind: TokenKind): boolean {
  return kind in FORMS;
}

/** So many digests that both sides have are looked for in single columns. */
const TRACED = 500;
/** Of a column of fewer numbers, that half of them are originals may be chance. */
const LEAST_NUMBERS = 10;

/**
 * Looks for numbers that have all digits of an original and no others. An order may have the number of somebody's telephone by
 * chance, so that it is an original only where half of a column's numbers are.
 */
export async function findNumbers(
  comparison: Comparison,
  target: Database,
  places: readonly NumberPlace[],
  origins: readonly Origin[],
): Promise<Leak[]> {
  const kinds = [...new Set(origins.map(({ kind }) => kind))];
  const { shared, common, digest } = await comparison.shared(
    (by) => [
      origins.map((origin) => originals(origin, by)).join(" union all "),
      places
        .flatMap((place) =>
          kinds.map((kind) => `select k.d from ${digitsIn(place)} n, lateral (${digestsOf(kind, by)}) k (d)`),
        )
        .join(" union all "),
    ],
    TRACED,
    "second first",
  );
  const leaks: Leak[] = [];
  if (shared.length === 0) return leaks;
  for (const place of places) {
    const counts = kinds.map(
      (kind, index) =>
        `pg_catalog.count(distinct n.at) filter (where exists (select from (${digestsOf(kind, digest)}) k (d) where k.d in (${shared.join(", ")})))::pg_catalog.float8 as rows${index}`,
    );
    const [row] = await target.query<Record<string, number>>(
      `select pg_catalog.count(distinct n.at)::pg_catalog.float8 as numbers, ${counts.join(", ")} from ${digitsIn(place)} n`,
    );
    for (const [index, kind] of kinds.entries()) {
      const rows = row?.[`rows${index}`] ?? 0;
      if (rows === 0) continue;
      const numbers = row?.["numbers"] ?? 0;
      // Digests are told in their order, which is none of the numbers'.
      const all = (rows * common) / shared.length;
      leaks.push({
        column: place.name,
        kind,
        rows,
        ...(common > shared.length ? { more: true as const } : {}),
        ...(numbers < LEAST_NUMBERS || all * 2 < numbers ? { mayBeChance: true as const } : {}),
      });
    }
  }
  return leaks;
}

function digestsOf(kind: TokenKind, digest: Digest): string {
  return `select ${digest.of(marked(kind, "w.form"))} from (${FORMS[kind]}) w (form)`;
}

/** SQL for what comes after FROM: numbers with enough digits, as `digits`, and the row that each is of, `at`. */
function digitsIn({ from, value, isPlain, isKey }: NumberPlace): string {
  const least = isKey ? LEAST_OF_KEY : LEAST;
  const beyond = 10 ** (least - 1) - 1;
  // Most numbers are short, which is sooner told without their text.
  const isLong = isPlain
    ? `(${value} operator(pg_catalog.>) ${beyond} or ${value} operator(pg_catalog.<) -${beyond})`
    : `${value} is not null`;
  const pattern = `(?:^|[^0-9.])0*([1-9][0-9]{${least - 1},${MOST - 1}})(?![0-9]|[.]0*[1-9])`;
  return `(select s.at, m.f[1] as digits from (select t.ctid, ${value}::pg_catalog.text from ${from} where ${isLong} offset 0) s (at, text),
      lateral pg_catalog.regexp_matches(s.text, ${quoteLiteral(pattern)}, 'g') m (f))`;
}
