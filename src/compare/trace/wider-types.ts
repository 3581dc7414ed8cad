/** Of which each holds every value of those before it. */
const WIDENING: readonly (readonly string[])[] = [
  ["smallint", "integer", "bigint", "numeric"],
  ["real", "double precision"],
  ["cidr", "inet"],
];

const TEXTS: ReadonlySet<string> = new Set(["character varying", "text"]);

/** Whether every value of one type is the same value in another, both as `format_type` writes them. Pure. */
export function keepsEveryValue(from: string, to: string): boolean {
  if (from === to) return true;
  const [a, b] = [partsOf(from), partsOf(to)];
  if (a.suffix !== b.suffix) return false;
  if (TEXTS.has(a.name) && TEXTS.has(b.name)) return holds(a.modifiers[0], b.modifiers[0]);
  if (a.name === b.name && a.name === "numeric") {
    const [[precision, scale = 0], [other, otherScale = 0]] = [a.modifiers, b.modifiers];
    if (other === undefined) return true;
    return precision !== undefined && otherScale >= scale && other - otherScale >= precision - scale;
  }
  if (a.name === b.name && /^time(?:stamp)?$|^bit varying$/.test(a.name)) return holds(a.modifiers[0], b.modifiers[0]);
  return (
    b.modifiers.length === 0 &&
    WIDENING.some((types) => types.indexOf(a.name) >= 0 && types.indexOf(a.name) < types.indexOf(b.name))
  );
}

/** Whether one limit is no tighter than another; none at all is the widest. */
function holds(from: number | undefined, to: number | undefined): boolean {
  return to === undefined || (from !== undefined && to >= from);
}

/** "timestamp(3) without time zone" has its modifier in the middle, and "integer[]" is an array. */
function partsOf(type: string): {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly suffix: string;
} {
  const [, name = type, modifiers = "", suffix = ""] =
    /^([a-z ]+?)(?:\(([\d,]+)\))?( with(?:out)? time zone|\[\])?$/.exec(type) ?? [];
  return { name, modifiers: modifiers === "" ? [] : modifiers.split(",").map(Number), suffix };
}
