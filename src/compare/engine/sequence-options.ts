/** A sequence as the catalogue has it; numbers are text, as they may be larger than a double holds. */
export interface SequenceOptions {
  readonly increment: string;
  readonly minValue: string;
  readonly maxValue: string;
  readonly start: string;
  readonly cache: string;
  readonly cycle: boolean;
}

/**
 * What has to be said of a sequence of this type (manual, CREATE SEQUENCE): the rest is so anyway. The planner writes sequences and
 * identities with it (`scripts/patch-planner.ts`). Pure.
 */
export function sequenceOptions(type: string, options: SequenceOptions): string[] {
  const { increment, minValue, maxValue, start, cache, cycle } = options;
  const rises = !increment.startsWith("-");
  const [lowest, highest] = RANGES[type] ?? [];
  return [
    ...(increment === "1" ? [] : [`INCREMENT BY ${increment}`]),
    ...(minValue === (rises ? "1" : lowest) ? [] : [`MINVALUE ${minValue}`]),
    ...(maxValue === (rises ? highest : "-1") ? [] : [`MAXVALUE ${maxValue}`]),
    ...(start === (rises ? minValue : maxValue) ? [] : [`START WITH ${start}`]),
    ...(cache === "1" ? [] : [`CACHE ${cache}`]),
    ...(cycle ? ["CYCLE"] : []),
  ];
}

/** The highest number that a type of integers has. Pure. */
export function highestOf(type: string): string | undefined {
  return RANGES[type]?.[1];
}

const RANGES: Readonly<Record<string, readonly [lowest: string, highest: string]>> = {
  smallint: ["-32768", "32767"],
  integer: ["-2147483648", "2147483647"],
  bigint: ["-9223372036854775808", "9223372036854775807"],
};
