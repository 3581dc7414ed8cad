import { numberOf } from "./digest.ts";
import { Options } from "./options.ts";
import type { Transform } from "./transform.ts";

/** Bits of a positive number of the type. */
export const BITS: Readonly<Record<string, number>> = { int2: 15, int4: 31, int8: 63 };

/** Numbers of JavaScript and JSON end at 2^53, so those below it stay below. */
const SAFE = 53;

const ROUNDS = 4;

export const integer: Transform = {
  name: "integer",
  summary:
    "Another whole number; different numbers stay different (a keyed permutation, Feistel). The sign stays, and so does how many bits a number has above `bits`: 15 for smallint, 31 for integer, 53 for bigint.",
  result: "1840927365",
  examples: ["integer", "{ integer: { bits: 40 } }"],
  takes: ["integer"],
  make(options, { baseType }) {
    const most = BITS[baseType] ?? 63;
    const bits = Options.numberOf(options.map(["bits"]), "bits", Math.min(most, SAFE), 8, most);
    const low = Math.floor(bits / 2);
    return {
      class: "preserving",
      proof: { kind: "differs", chance: 2 ** -bits },
      maxLength: 20,
      bits,
      expression: (value, { digest }) => {
        const mask = (width: number): string => `${(1n << BigInt(width)) - 1n}`;
        const number = `${value}::int8`;
        // What is above the permuted bits stays and is a part of each round's input; a negative number is permuted as -1 - it.
        let source = `SELECT sign, v >> ${bits} AS top, (v >> ${low}) & ${mask(bits - low)} AS l, v & ${mask(low)} AS r
          FROM (SELECT ${number} < 0 AS sign, CASE WHEN ${number} < 0 THEN ~${number} ELSE ${number} END AS v OFFSET 0) n OFFSET 0`;
        for (let round = 0; round < ROUNDS; round++) {
          const of = (half: string): string => numberOf(digest(`'${round}:' || top || ':' || ${half}`));
          const halves =
            round % 2 === 0
              ? `l # (${of("r")} & ${mask(bits - low)}) AS l, r`
              : `l, r # (${of("l")} & ${mask(low)}) AS r`;
          source = `SELECT sign, top, ${halves} FROM (${source}) f OFFSET 0`;
        }
        // Shifts and ors are of one precedence.
        const result = `((top << ${bits}) | (l << ${low}) | r)`;
        return `(SELECT CASE WHEN sign THEN ~${result} ELSE ${result} END FROM (${source}) d WHERE ${value} IS NOT NULL)`;
      },
    };
  },
};
