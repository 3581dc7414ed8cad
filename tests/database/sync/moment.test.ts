import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { newestServer } from "../../support/engines.ts";
import { copy, planned, ruled } from "./copying.ts";

function nameOf(target: Target): string {
  if (target.engine !== "server") throw new Error("a server is needed");
  return target.database;
}

for (const engine of newestServer) {
  test("every stream sees one moment, and large tables come in ranges of pages", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`
        create table accounts (id int primary key, amount int, filler text);
        insert into accounts select g, 100, repeat('x', 1900) from generate_series(1, 40000) g;
        create table transfers (id int primary key, amount int)`),
    );
    const wanted = await source.query(SUMS);
    const report = await copy(source.target, target.target, {
      jobs: 4,
      // The moment has been taken; what is done now, in both tables and in every page, is not of it.
      plan: async (database) => {
        const plan = await planned((same) => same)(database);
        await source.query("update accounts set amount = amount - 1, id = -id where id % 7 = 0");
        await source.query("delete from accounts where id % 7 = 1");
        await source.query("insert into transfers select g, 1 from generate_series(1, 1000) g");
        await source.query("insert into accounts select 100000 + g, 5, 'late' from generate_series(1, 1000) g");
        return plan;
      },
    });
    expect(await target.query(SUMS)).toEqual(wanted);
    expect(report.tables).toMatchObject([{ rowsWritten: 40_000, retries: 0 }, { rowsWritten: 0 }]);
  }, 60_000);

  test("an original that production erases meanwhile is in the copy, and found there", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`
        create table people as select g as id, 'person' || g || '@corp.example' as email from generate_series(1, 9) g;
        create table notes as select 1 as id, 'person7@corp.example called' as body`),
    );
    const rules = ruled("tables:\n  people: { keep: [id], email: email }\n  notes: { keep: [id, body] }\n");
    const work = copy(source.target, target.target, {
      plan: async (database) => {
        const plan = await rules(database);
        await source.query("delete from people where id = 7");
        await source.query("delete from notes");
        return plan;
      },
    });
    expect(await work.catch((error: unknown) => error)).toMatchObject({
      code: "sync_unproven",
      message: expect.stringContaining("public.notes.body"),
    });
  }, 60_000);

  test("with nothing to prove, the source's moment is over before indexes are made: it holds back no VACUUM", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const name = nameOf(source.target);
    // The copy makes this index as well, and it is only made when nobody holds a moment of the source.
    await withDatabase(source.target, {}, (database) =>
      database.execute(`
        create function nobody_holds(int) returns int immutable language plpgsql as $$
          begin
            for i in 1..3000 loop
              if not exists (select from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid() and state = 'idle in transaction')
              then return $1; end if;
              perform pg_sleep(0.01);
              perform pg_stat_clear_snapshot();
            end loop;
            raise exception 'somebody holds a moment of the source';
          end $$;
        create table t as select 1 as id;
        create index on t (nobody_holds(id))`),
    );
    expect((await copy(source.target, target.target)).tables).toMatchObject([{ rowsWritten: 1 }]);
    expect(await target.query("select indexdef from pg_indexes where tablename = 't'")).toEqual([
      { indexdef: expect.stringContaining("nobody_holds(id)") },
    ]);
  }, 90_000);
}

const SUMS = `
  select (select count(*)::int from accounts) as accounts, (select sum(amount)::int from accounts) as amount,
    (select count(*)::int from transfers) as transfers,
    (select md5(string_agg(id || ' ' || amount || ' ' || length(filler), ',' order by id)) from accounts) as rows`;
