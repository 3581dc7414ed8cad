import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { newestServer } from "../../support/engines.ts";
import { server } from "../../support/servers.ts";
import { copy, planned, transforming } from "./copying.ts";

const PEOPLE = `
  create table people (id int primary key, email text, note text);
  insert into people select g, 'person' || g || '@corp.example', 'called' from generate_series(1, 2000) g`;

async function failure(work: Promise<unknown>): Promise<ConfitureError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfitureError) return error;
  throw new Error("it did not fail as it should", { cause: error });
}

for (const engine of newestServer) {
  test("a copy that fails leaves the target as it was, and nothing of the source's values is said", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) => database.execute(PEOPLE));
    await withDatabase(target.target, {}, (database) => database.execute("create table old as select 1 as id"));
    const expectOld = async (): Promise<void> => {
      expect(await withDatabase(target.target, {}, (database) => database.query("select * from old"))).toEqual([
        { id: 1 },
      ]);
      const name = target.target.engine === "server" ? target.target.database : "";
      expect(
        await (
          await server(engine.major)
        ).sql("select datname from pg_database where datname like $1", [`${name}_sync%`]),
      ).toEqual([]);
    };

    // The error of PostgreSQL would quote a value.
    const cast = planned((plan) => transforming(plan, "people", "note", { expression: "source.email::int::text" }));
    const refused = await failure(copy(source.target, target.target, { plan: cast }));
    expect(refused.code).toBe("sync_source_failed");
    expect(refused.hint).toContain("The target was not replaced");
    expect(JSON.stringify(refused) + refused.message + String(refused.hint)).not.toContain("corp.example");
    expect(refused.cause).toBeUndefined();
    await expectOld();

    // Two rows with the same value: here the target's error would.
    const same = planned((plan) => transforming(plan, "people", "id", { expression: "source.id / 2" }));
    const duplicate = await failure(copy(source.target, target.target, { plan: same }));
    expect(duplicate.code).toBe("sync_target_failed");
    expect(duplicate.data).toMatchObject({ sqlstate: "23505" });
    await expectOld();

    // A transform that does nothing for one row, whatever shape its results are said to have, and an address in a note that is kept.
    for (const shape of [undefined, "x%@anon.example", "%@%.example"]) {
      const leaky = planned((plan) =>
        transforming(plan, "people", "email", {
          expression: "case source.id when 7 then source.email else 'x' || source.id || '@anon.example' end",
          proof: { kind: "disjoint" },
          tokens: "email",
          ...(shape === undefined ? {} : { shape }),
        }),
      );
      const unproven = await failure(copy(source.target, target.target, { plan: leaky }));
      expect([shape, unproven.code]).toEqual([shape, "sync_unproven"]);
      expect(unproven.data?.["columns"]).toMatchObject([{ column: "public.people.email", holds: false, same: 1 }]);
      await expectOld();
    }

    await withDatabase(source.target, {}, (database) =>
      database.execute("update people set note = 'write to PERSON12@corp.example' where id < 4"),
    );
    const replaced = planned((plan) =>
      transforming(plan, "people", "email", {
        expression: "'x' || source.id || '@anon.example'",
        proof: { kind: "disjoint" },
        tokens: "email",
      }),
    );
    const leak = await failure(copy(source.target, target.target, { plan: replaced }));
    expect(leak.data?.["leaks"]).toEqual([{ column: "public.people.note", kind: "email", rows: 3 }]);
    await expectOld();

    await withDatabase(source.target, {}, (database) =>
      database.execute("update people set note = 'none'; select lo_create(0)"),
    );
    expect((await failure(copy(source.target, target.target, { plan: replaced }))).code).toBe("sync_large_objects");
    await expectOld();
    const report = await copy(source.target, target.target, { plan: replaced, skipLargeObjects: true });
    expect(report.proof.columns).toMatchObject([
      { column: "public.people.email", holds: true, originals: 2000, same: 0 },
    ]);
    expect((await failure(copy(source.target, source.target, { skipLargeObjects: true }))).code).toBe(
      "sync_not_allowed",
    );
  }, 120_000);

  test("a policy that would hide rows fails the run", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    await withDatabase(source.target, {}, (database) =>
      database.execute(`${PEOPLE}; alter table people enable row level security; create policy few on people using (id < 10);
        do $$ begin create role sync_reader login password 'postgres'; exception when duplicate_object then null; end $$;
        grant select on people to sync_reader`),
    );
    if (source.target.engine !== "server") throw new Error("a server is needed");
    const error = await failure(copy({ ...source.target, user: "sync_reader" }, target.target));
    expect(error).toMatchObject({ code: "sync_source_failed", data: { sqlstate: "42501" } });
    await source.drop();
    await instance.sql("drop role sync_reader");
  }, 60_000);

  test("a stream that is cut is repeated under the same snapshot", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute("create table t as select g as id, repeat('x', 500) as filler from generate_series(1, 40000) g"),
    );
    const instance = await server(engine.major);
    let cuts = 0;
    let cutting: Promise<unknown> = Promise.resolve();
    const report = await copy(source.target, target.target, {
      jobs: 1,
      onEvent: (event) => {
        if (event.type !== "step" || event.step !== "Copying rows" || cuts++ > 0) return;
        cutting = cutOnce(instance, "COPY%TO STDOUT%");
      },
    });
    await cutting;
    expect(report.tables).toMatchObject([{ rowsRead: 40_000, rowsWritten: 40_000 }]);
    expect(
      await withDatabase(target.target, {}, (database) => database.query("select count(*)::int as n from t")),
    ).toEqual([{ n: 40_000 }]);
  }, 60_000);
}

/** Ends the first session that runs such a query, if there is one while anybody copies. */
async function cutOnce(instance: Awaited<ReturnType<typeof server>>, query: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const cut = await instance.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()",
      [query],
    );
    if (cut.length > 0) return;
  }
}
