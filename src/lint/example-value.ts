/** The values that a suggestion writes as a default, by the beginning of the type's name. */
const VALUES: readonly (readonly [type: RegExp, value: string])[] = [
  [/^(?:text|varchar|character|char|citext|bpchar)\b/, "''"],
  [/^(?:smallint|integer|int|bigint|int[248]|numeric|decimal|real|double|float[48]?)\b/, "0"],
  [/^bool/, "false"],
  [/^timestamp/, "now()"],
  [/^date\b/, "CURRENT_DATE"],
  [/^jsonb?\b/, "'{}'"],
];

/** A value of a type that is the same for every row, as SQL; undefined where none suggests itself. */
export function exampleValue(type: string): string | undefined {
  if (type.includes("[")) return "'{}'";
  return VALUES.find(([pattern]) => pattern.test(type.toLowerCase()))?.[1];
}
