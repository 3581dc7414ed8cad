import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { newestAndEmbedded, newestServer } from "../../support/engines.ts";
import { server } from "../../support/servers.ts";
import { copy, ruled } from "./copying.ts";

const TABLE = `create table t (id int primary key, mail text, day date, at timestamptz, span interval, number float8, small float4,
  raw bytea, price money, days date[], range daterange, made jsonb);
insert into t values (1, 'ann@corp.example', '2024-03-05', '2024-03-05 23:30:00+00', '-1 year -2 days +03:04:05.6', 0.1::float8 + 0.2,
  1.17549435e-38, '\\x00ff5c27', 1234.56::numeric::money, '{2024-01-02,2024-12-11}', '[2024-02-03,2024-04-05)', '{"a": 1}')`;

const SETTINGS = {
  datestyle: "'SQL, DMY'",
  intervalstyle: "'sql_standard'",
  extra_float_digits: "-10",
  timezone: "'Asia/Kolkata'",
  bytea_output: "'escape'",
  lc_monetary: "'C'",
  lc_numeric: "'POSIX'",
  lc_time: "'POSIX'",
  standard_conforming_strings: "off",
  xmlbinary: "'hex'",
};

/** Bit by bit: as numbers, and not as anybody's settings print them. */
const LOOK = `select day - '2000-01-01'::date as day, extract(epoch from at)::float8 as at, extract(epoch from span)::float8 as span,
  extract(month from span)::int as months, encode(float8send(number), 'hex') as number, encode(float4send(small), 'hex') as small,
  encode(raw, 'hex') as raw, encode(cash_send(price), 'hex') as price, days[2] - '2000-01-01'::date as days,
  upper(range) - '2000-01-01'::date as range, made from t`;

const RULES = `tables:
  t: { keep: [id, day, at, span, number, small, raw, price, days, range, made], mail: email }
`;

for (const engine of newestServer) {
  for (const into of newestAndEmbedded) {
    test(`settings of the source's database do not change a value on its way into ${into.name}`, async () => {
      await using source = await engine.fresh();
      await using plain = await into.fresh();
      await using replaced = await into.fresh();
      if (source.target.engine !== "server") throw new Error("a server is needed");
      await withDatabase(source.target, {}, (database) => database.execute(TABLE));
      const wanted = await withDatabase(source.target, {}, (database) => database.query(LOOK));
      const instance = await server(engine.major);
      for (const [name, value] of Object.entries(SETTINGS)) {
        await instance.sql(`alter database "${source.target.database}" set ${name} to ${value}`);
      }
      await copy(source.target, plain.target);
      let locales: object[] = [];
      const report = await copy(source.target, replaced.target, {
        plan: async (database) => {
          // What `to_char` and `to_number` in a rule go by.
          locales = await database.query(
            "select current_setting('lc_numeric') as numeric, current_setting('lc_time') as time",
          );
          return await ruled(RULES)(database);
        },
      });
      expect(locales).toEqual([{ numeric: "C", time: "C" }]);
      expect(report.proof.columns).toMatchObject([{ holds: true, originals: 1 }]);
      for (const { target } of [plain, replaced]) {
        expect(await withDatabase(target, {}, (database) => database.query(LOOK))).toEqual(wanted);
      }
    }, 60_000);
  }
}
