import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { keepEverything } from "#sync/plain.ts";
import type { SyncPlan } from "#sync/plan.ts";
import { type CopyFormat, formatOf } from "#sync/run/format.ts";
import { transfer } from "#sync/run/stream.ts";
import { readSource } from "#sync/source/read.ts";
import { type TestDatabase, serverEngines } from "../../support/engines.ts";
import { copy, planned, transforming } from "./copying.ts";

/** Types with one binary form in all versions, and values at their ends. */
const STABLE: Readonly<Record<string, readonly string[]>> = {
  bool: ["t", "f"],
  bytea: ["\\x", "\\x0001ff5c270a"],
  int2: ["-32768", "32767"],
  int4: ["-2147483648", "2147483647"],
  int8: ["-9223372036854775808", "9223372036854775807"],
  float4: ["1.17549435e-38", "NaN", "-Infinity", "-0"],
  float8: ["0.30000000000000004", "5e-324", "Infinity"],
  numeric: ["NaN", "-Infinity", "12345678901234567890.000000000000000000001", "0.00"],
  "numeric(6,2)": ["-9999.99"],
  text: ["", "\\N", "tab\there\\.", "Zoë\n🦆\r"],
  "varchar(5)": ["äöüßé", ""],
  "char(4)": ["ab"],
  json: ['{"b": 1,  "a": [1.50, null]}'],
  jsonb: ['{"a": [1.50, null], "b": "\\u00e9"}', "1e400"],
  uuid: ["00000000-0000-4000-8000-ffffffffffff"],
  date: ["4713-01-01 BC", "infinity", "5874897-12-31"],
  time: ["24:00:00", "00:00:00.000001"],
  "time(0)": ["12:34:56"],
  timetz: ["12:34:56.789-15:59"],
  timestamp: ["-infinity", "294276-12-31 23:59:59.999999"],
  timestamptz: ["4713-01-01 00:00:00+00 BC", "infinity"],
  inet: ["::ffff:1.2.3.4/128", "10.1.2.3/8"],
  cidr: ["10.0.0.0/8"],
  macaddr: ["08:00:2b:01:02:03"],
  macaddr8: ["08:00:2b:01:02:03:04:05"],
  "bit(3)": ["101"],
  varbit: ["", "1011"],
  "int4[]": ["[0:1][2:3]={{1,2},{3,NULL}}", "{}"],
  "text[]": ['{"",NULL,"a,b","\\""}'],
  "timestamptz[]": ["{infinity,2024-02-29 12:00:00+00}"],
  whole: ["7"],
};

/** What is the servers' own, or not the same everywhere: these tables are written as text. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  interval: ["1 year -2 days 03:04:05.6"],
  money: ["1234.56"],
  mood: ["fine"],
  "mood[]": ["{fine,bad}"],
  "whole[]": ["{1,2}"],
  place: ["(1,x)"],
  regclass: ["pg_class", "things"],
  tsvector: ["'a':1 'b':2"],
  int4range: ["[1,5)"],
  xml: ["<a>1</a>"],
};

const tableOf = (type: string): string => `of ${type}`;

const SCHEMA = [
  "create table things (id int); create domain whole as int check (value > 0); create type mood as enum ('fine', 'bad'); create type place as (n int, name text)",
  ...[...Object.entries(STABLE), ...Object.entries(OTHERS)].flatMap(([type, values]) => [
    `create table "${tableOf(type)}" (id int generated always as identity, v ${type})`,
    ...values.map((value) => `insert into "${tableOf(type)}" (v) values (e'${escaped(value)}'), (null)`),
  ]),
].join(";\n");

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}

const contents = async ({ target }: TestDatabase): Promise<Record<string, unknown>> =>
  await withDatabase(target, {}, async (database) => {
    await database.execute("set extra_float_digits = 3; set timezone = 'UTC'; set lc_monetary = 'C'");
    const found: Record<string, unknown> = {};
    for (const type of [...Object.keys(STABLE), ...Object.keys(OTHERS)])
      found[type] = await database.query(`select id, v::text as v from "${tableOf(type)}" order by id`);
    return found;
  });

/** The rows of a text column as numbers, which text writes into a column of numbers, and of a number as text. */
const changed = (plan: SyncPlan): SyncPlan =>
  transforming(transforming(plan, "numbers", "n", { expression: "'12'::text" }), "texts", "t", {
    expression: "34",
  });

for (const engine of serverEngines) {
  const into = serverEngines.find((other) => other !== engine) ?? engine;
  test(`values of every type go from ${engine.name} to ${into.name} as they are, in binary where that is the same`, async () => {
    await using source = await engine.fresh();
    await using target = await into.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(
        `${SCHEMA}; create table numbers (n int); insert into numbers values (1); create table texts (t text); insert into texts values ('a')`,
      ),
    );
    const wanted = await contents(source);
    await copy(source.target, target.target, { plan: planned(changed) });
    expect(await contents(target)).toEqual(wanted);
    expect(await target.query("select (select n from numbers) as n, (select t from texts) as t")).toEqual([
      { n: 12, t: "34" },
    ]);
    const formats = await withDatabase(source.target, {}, async (from) =>
      withDatabase(target.target, {}, async (to) => {
        const { tables } = changed(keepEverything(await readSource(from)));
        const found: Record<string, CopyFormat> = {};
        for (const table of tables) found[table.name] = await formatOf(from, to, table);
        return found;
      }),
    );
    const all = (types: object, format: CopyFormat): Record<string, CopyFormat> =>
      Object.fromEntries(Object.keys(types).map((type) => [tableOf(type), format]));
    expect(formats).toEqual({
      things: "binary",
      numbers: "text",
      texts: "text",
      ...all(STABLE, "binary"),
      ...all(OTHERS, "text"),
    });
  }, 60_000);
}

for (const engine of serverEngines.slice(0, 1)) {
  test("as many rows are told as there are, in either format", async () => {
    await using database = await engine.fresh();
    await database.query("create table t (id int, body text)");
    for (const many of [0, 1, 3]) {
      for (const format of ["text", "binary"]) {
        let told = 0;
        await withDatabase(database.target, {}, async (source) => {
          await withDatabase(database.target, {}, async (target) => {
            const sent = await transfer({
              source,
              target,
              read: `copy (select g, '' from generate_series(1, ${many}) g) to stdout (format ${format})`,
              write: `copy t from stdin (format ${format})`,
              table: "t",
              onBytes: (_bytes, rows) => (told += rows),
            });
            expect([format, sent.rowsRead, sent.rowsWritten, told]).toEqual([format, many, many, many]);
          });
        });
      }
    }
  });
}
