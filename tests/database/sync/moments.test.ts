import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { ruled } from "./copying.ts";

/** Conditions, and texts in them that are moments. */
const CONDITIONS: readonly (readonly [condition: string, moment: string | undefined])[] = [
  ["day > 'yesterday'", "'yesterday'"],
  ["'ä' <> note and at >= E' Today 04:05'", "E' Today 04:05'"],
  ["at <@ '[now,)'::tstzrange", "'[now,)'"],
  ["day = any ('{today,tomorrow}')", "'{today,tomorrow}'"],
  ["at > (select min(o.at) from public.t o where o.day = 'tomorrow')", "'tomorrow'"],
  ["note = 'now' or note like 'today%' or kind = 'now' or length > '1 day' or day > '2024-01-01'", undefined],
];

const EXPRESSIONS: readonly (readonly [expression: string, moment: string | undefined])[] = [
  ["({day} < 'now')::text", "'now'"],
  ["coalesce({day}, 'today')::text", "'today'"],
  ["replace('now', 'n', {kind}::text)", undefined],
];

test.each(newestAndEmbedded)(
  "a text that is a moment is refused where it is one, on $name",
  async (engine) => {
    await using source = await engine.fresh();
    await withDatabase(source.target, {}, async (database) => {
      await database.execute(
        `create type kinds as enum ('now', 'later');
       create table t (id int primary key, day date, at timestamptz, note text, kind kinds, length interval)`,
      );
      const said = async (yaml: string): Promise<string | undefined> =>
        await ruled(yaml)(database).then(
          () => undefined,
          (error: unknown) => (error as Error).message,
        );
      for (const [condition, moment] of CONDITIONS) {
        const yaml = `tables:\n  t: { keep: [id, day, at, note, kind, length], rows: ${JSON.stringify(condition)} }\n`;
        expect([condition, await said(yaml)]).toEqual([
          condition,
          moment === undefined
            ? undefined
            : expect.stringContaining(`The moment of ${moment} is another one in each query`),
        ]);
      }
      for (const [expression, moment] of EXPRESSIONS) {
        const yaml = `tables:\n  t: { keep: [id, day, at, kind, length], note: { expr: ${JSON.stringify(expression)} } }\n`;
        expect([expression, await said(yaml)]).toEqual([
          expression,
          moment === undefined
            ? undefined
            : expect.stringContaining(`The moment of ${moment} is another one in each run`),
        ]);
      }
    });
  },
  30_000,
);
