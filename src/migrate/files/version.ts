/**
 * The one order of versions. A version is numbers with dots between them, and perhaps a text behind them:
 * `001`, `20251012103000`, `1.2` (Flyway), `20240101000000_init` (where two folders share their digits). Numbers are
 * compared as numbers of any length, one by one, then the texts by code point. What begins without a digit comes
 * last: a folder `init`, or the `R__views` of a migration that runs again. Before all of them comes the base.
 */
export function compareVersions(a: string, b: string): number {
  // Most are digits of one length, which are in the order of their numbers as texts.
  if (a.length === b.length && isDigits(a) && isDigits(b)) return compareNumbers(a, b);
  const left = canonicalVersion(a);
  const right = canonicalVersion(b);
  if (left === right) return 0;
  if (isBase(a) || isBase(b)) return isBase(a) ? -1 : 1;
  if (isDigits(left) && isDigits(right)) return compareNumbers(left, right);
  return compareParts(left, right);
}

/**
 * One spelling for one version: no leading zeros, and none behind a last dot. "001" and "1" are one version, "1.0" and
 * "1" as well.
 */
export function canonicalVersion(version: string): string {
  if (isDigits(version)) return withoutZeros(version);
  if (digitsEnd(version, 0) === 0) return version;
  const { numbers, rest } = partsOf(version);
  while (numbers.length > 1 && numbers.at(-1) === "0") numbers.pop();
  return numbers.join(".") + rest;
}

/** Whether a migration of this version runs again whenever its file changes; it has no place among the others.
 * Its version begins with the prefix of Flyway's file names. */
export function isRepeatable(version: string): boolean {
  return version.startsWith("R__");
}

/** The version under which the ledger has the base, which comes before every migration; no migration is called so. */
export const BASE_VERSION = "base.sql";

/** Whether a version is that of the base: what a database holds before its first migration. */
export function isBase(version: string): boolean {
  return version === BASE_VERSION;
}

function compareNumbers(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Both are canonical. */
function compareParts(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  if (a.numbers.length === 0 || b.numbers.length === 0) {
    if (a.numbers.length !== b.numbers.length) return b.numbers.length - a.numbers.length;
    return compareTexts(descriptionOf(a.rest), descriptionOf(b.rest)) || compareTexts(a.rest, b.rest);
  }
  for (let index = 0; index < Math.max(a.numbers.length, b.numbers.length); index++) {
    const order = compareNumbers(a.numbers[index] ?? "0", b.numbers[index] ?? "0");
    if (order !== 0) return order;
  }
  return compareTexts(a.rest, b.rest);
}

/** Flyway goes by what it shows of an `R__name`, where `_` is a space. */
function descriptionOf(text: string): string {
  return isRepeatable(text) ? text.replaceAll("_", " ") : text;
}

function compareTexts(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function partsOf(version: string): { numbers: string[]; rest: string } {
  const numbers: string[] = [];
  let at = 0;
  for (;;) {
    const start = numbers.length === 0 ? 0 : at + 1;
    if (numbers.length > 0 && version.charCodeAt(at) !== 0x2e) break;
    const end = digitsEnd(version, start);
    if (end === start) break;
    numbers.push(withoutZeros(version.slice(start, end)));
    at = end;
  }
  return { numbers, rest: version.slice(at) };
}

/** Asked some thousand times at the start of a command, where a pattern is faster than a loop. */
function isDigits(text: string): boolean {
  return /^\d+$/.test(text);
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
  return at;
}

function withoutZeros(digits: string): string {
  let start = 0;
  while (start < digits.length - 1 && digits.charCodeAt(start) === 0x30) start++;
  return start === 0 ? digits : digits.slice(start);
}

/** "009" -> "010"; behind a dotted version comes a whole number. */
export function nextVersionAfter(version: string): string {
  const digits = /^\d+/.exec(version)?.[0] ?? "0";
  return String(BigInt(digits) + 1n).padStart(digits.length, "0");
}
