import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { withDatabase } from "#database/open.ts";
import type { SyncEvent } from "#sync/run/events.ts";
import { engines, newestAndEmbedded, newestServer, serverEngines } from "../../support/engines.ts";
import { createRoles, EVERYTHING } from "../compare/everything.ts";
import { copy } from "./copying.ts";

const ODD = readFileSync(new URL("odd-columns.sql", import.meta.url), "utf8");

/** Every row of every table, in an order that its text gives. */
const CONTENTS = `
  select table_schema || '.' || table_name as name,
         query_to_xml(format('select to_jsonb(t)::text from only %I.%I t order by 1', table_schema, table_name), true, false, '')::text as rows
    from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;

/** What columns and checks of children are besides, the columns in their order. */
const INHERITED = `
  select attrelid::regclass::text as name,
         string_agg(concat_ws(' ', attname, attislocal, attinhcount, (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)), ', ' order by attnum)
    from pg_attribute where attnum > 0 and not attisdropped and attrelid in ('heirs'::regclass, 'frugal'::regclass, 'dogs'::regclass)
   group by 1
  union all
  select concat_ws(' ', conrelid::regclass, conname), concat_ws(' ', conislocal, coninhcount) from pg_constraint where contype = 'c' and conrelid <> 0`;
const WHOLE = `select * from (${CONTENTS} union all ${INHERITED}) as whole order by 1`;

describe.each(engines)("a copy on $name", (engine) => {
  test("has every row of odd columns, partitions, children, circles and guarded tables, and every object", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) => database.execute(ODD));
    await withDatabase(target.target, {}, (database) => database.execute("create table old (id int)"));
    const wanted = await source.query(WHOLE);
    const warnings: string[] = [];
    const onEvent = (event: SyncEvent): void => void (event.type === "warning" && warnings.push(event.message));
    const report = await copy(source.target, target.target, { onEvent });
    expect(await target.query(WHOLE)).toEqual(wanted);
    expect(warnings).toEqual([
      expect.stringMatching(/^columns are in another order .*: public.early, public.measured_2025_1$/),
    ]);
    expect(report.tables.map(({ table, rowsRead, rowsWritten }) => ({ table, rowsRead, rowsWritten }))).toContainEqual({
      table: "public.Odd Names",
      rowsRead: 505,
      rowsWritten: 505,
    });
    expect(report.place).toBe(engine.kind === "server" ? "new database" : "new folder");
    const [state] = await target.query<Record<string, unknown>>(
      `select (select rows::int from totals) as totals, nextval('tickets')::int as ticket, nextval('untouched')::int as untouched,
              (select count(*)::int from measured where value between 10 and 19) as measured`,
    );
    expect(state).toEqual({ totals: 1000, ticket: 110, untouched: 42, measured: 10 });
    await withDatabase(target.target, {}, async (database) => {
      await database.execute(`insert into "Odd Names" ("select") values ('new')`);
      expect(await database.query(`select "Id" from "Odd Names" where "select" = 'new'`)).toEqual([{ Id: 512 }]);
    });
  }, 120_000);
});

describe.each(serverEngines)("a schema with objects of every kind on $name", (engine) => {
  test("comes to the same catalogue", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, async (database) => {
      await createRoles(database);
      await database.execute(EVERYTHING);
    });
    const report = await copy(source.target, target.target);
    expect(report.left.foreignTables).toEqual(["sales.far"]);
    expect(report.left.roles).toEqual([]);
  }, 120_000);
});

describe.each(newestServer)("from $name into the embedded engine", (engine) => {
  test("what names roles that are not there is left out, and said", async () => {
    await using source = await engine.fresh();
    await using target = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
    await withDatabase(source.target, {}, async (database) => {
      await createRoles(database);
      await database.execute(`
        create table notes (id int primary key, body text);
        grant select on notes to everything_reader;
        grant update (body) on notes to everything_writer;
        alter table notes enable row level security;
        create policy readers on notes to everything_reader using (true);
        create policy everyone on notes using (id > 0);
        insert into notes select g, repeat('long ', 1000) from generate_series(1, 3000) g;
        create index on notes (body text_pattern_ops) where id < 10;
        create table owned (id int);
        alter table owned owner to everything_writer;
        create foreign data wrapper anything options (debug 'true')`);
    });
    const report = await copy(source.target, target.target);
    expect(report.left).toMatchObject({
      roles: ["everything_reader", "everything_writer"],
      policies: ["readers on public.notes"],
      owners: ["everything_writer"],
      placeholders: ["foreign data wrapper anything"],
    });
    expect(report.place).toBe("new folder");
    expect(await target.query("select count(*)::int as n, sum(length(body))::int as letters from notes")).toEqual([
      { n: 3000, letters: 15_000_000 },
    ]);
    expect(await target.query("select polname::text as name from pg_policy")).toEqual([{ name: "everyone" }]);
  }, 60_000);
});
