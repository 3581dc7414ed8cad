import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import type { ConfitureError } from "#errors/error.ts";
import { prepareServer } from "#sync/run/server-target.ts";
import { newestServer } from "../../support/engines.ts";
import { server, startServer } from "../../support/servers.ts";
import { tcpProxy } from "../../support/tcp-proxy.ts";
import { copy, ruled } from "./copying.ts";

async function refusal(work: Promise<unknown>): Promise<ConfitureError> {
  return (await work.then(
    () => ({ code: "none", message: "it did not fail" }),
    (error: unknown) => error,
  )) as ConfitureError;
}

for (const engine of newestServer) {
  test("a replica of the target is not copied into it, nor is one behind a load balancer copied anywhere", async () => {
    const primary = await startServer({ major: engine.major });
    const name = await primary.createDatabase();
    await withDatabase(primary.target(name), {}, (database) =>
      database.execute("create table t as select 1 as id, 'ann@corp.example' as mail"),
    );
    const replica = await primary.replica();
    const error = await refusal(copy(replica.target(name), primary.target(name)));
    expect([error.code, error.message]).toEqual(["sync_not_allowed", expect.stringContaining("replica of the target")]);
    // Into another database of that server it may go.
    const other = await primary.createDatabase();
    expect((await copy(replica.target(name), primary.target(other))).tables).toMatchObject([{ rowsWritten: 1 }]);
    // One connection reaches another server: the first stream's, the last one's, that of the ledger, that of the proof.
    for (const [odd, last] of [
      [2, "Reading the source"],
      [5, "Reading the source"],
      [6, "Copying rows"],
      [7, "Making keys, indexes and everything else"],
    ] as const) {
      await using balancer = await tcpProxy(
        (connection) => (connection === odd ? primary : replica),
        () => "pass",
      );
      const source = { ...replica.target(name), port: balancer.port };
      const steps: string[] = [];
      const divided = await refusal(
        copy(source, primary.target(other), {
          jobs: 4,
          plan: ruled("tables:\n  t: { keep: [id], mail: email }\n"),
          onEvent: (event) => void (event.type === "step" && steps.push(event.step)),
        }),
      );
      expect([odd, divided.code, steps.at(-1)]).toEqual([odd, "sync_load_balanced", last]);
    }
    expect(await withDatabase(primary.target(other), {}, (database) => database.query("select * from t"))).toEqual([
      { id: 1, mail: "ann@corp.example" },
    ]);
  }, 60_000);

  test("only databases that were made beside this very target are removed", async () => {
    await using source = await engine.fresh();
    const instance = await server(engine.major);
    // Two names that PostgreSQL would clip to the same beginning.
    const [one, other] = ["a", "b"].map((end) => `sync_${"x".repeat(50)}_${end}`) as [string, string];
    const beside = ["sync_kept_sync_1", "sync_kept_sync_2"];
    for (const name of [one, other, "sync_kept", ...beside]) await instance.sql(`create database ${name}`);
    await withDatabase(source.target, {}, (database) => database.execute("create table t as select 1 as id"));
    if (source.target.engine !== "server") throw new Error("a server is needed");
    const at = (database: string) => ({ ...instance.target(database) });
    // A finished copy whose name looks like a leftover, and somebody's own database.
    await copy(source.target, at("sync_kept_sync_1"));
    await instance.sql("comment on database sync_kept_sync_2 is 'Copied by Confiture, not finished'");
    await copy(source.target, at("sync_kept"));
    await copy(source.target, at(one));
    // A run into the other one was killed.
    const names = async () =>
      (
        await instance.sql("select datname::text as name from pg_database where datname like 'sync\\_%' order by 1")
      ).map(({ name }) => name);
    expect(await names()).toEqual([...beside, "sync_kept", one, other].toSorted());
    for (const name of await names()) await instance.dropDatabase(String(name));
  }, 60_000);

  test("one copy at a time goes into a database, whether beside it or in place", async () => {
    await using wanted = await engine.fresh();
    const instance = await server(engine.major);
    await instance.sql("create role sync_fills login password 'postgres'");
    const beside = wanted.target as ServerTarget;
    await instance.sql(`alter database "${beside.database}" owner to sync_fills`);
    const inPlace = { ...beside, user: "sync_fills" };
    for (const [first, second] of [
      [beside, inPlace],
      [inPlace, beside],
      [beside, beside],
      [inPlace, inPlace],
    ] as const) {
      const running = await prepareServer(first, {});
      expect(running.place).toBe(first === beside ? "new database" : "in place");
      expect(await refusal(prepareServer(second, {}))).toMatchObject({
        code: "lock_held",
        message: expect.stringContaining("Another copy goes into the target"),
      });
      await running.abandon();
    }
    await (await prepareServer(inPlace, {})).abandon();
  }, 60_000);

  test("a target that PostgreSQL would not drop or rename is refused, and one that cannot be dropped later is told of", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    // No row leaves the source while the test holds the lock; that the condition is tried before says nothing.
    await source.query("create table t as select 1 as id");
    await source.query(`create function let_through() returns boolean stable language plpgsql as
      $$ begin
        if current_query() ilike 'copy%' then perform pg_advisory_xact_lock_shared(7); end if;
        return true;
      end $$`);
    if (source.target.engine !== "server" || target.target.engine !== "server") throw new Error("servers are needed");
    const { database } = target.target;
    expect((await refusal(copy(source.target, instance.target("postgres")))).message).toContain('database "postgres"');
    await instance.sql(`alter database "${database}" is_template true`);
    expect((await refusal(copy(source.target, target.target))).message).toContain("is a template");
    await instance.sql(`alter database "${database}" is_template false`);
    const subscribe =
      "create subscription sync_none connection 'host=nowhere' publication p with (connect = false, slot_name = none)";
    await target.query(subscribe);
    expect((await refusal(copy(source.target, target.target))).message).toContain("has a subscription");
    // As if it had come later.
    await target.query("drop subscription sync_none");
    const warnings: string[] = [];
    let made: Promise<unknown> | undefined;
    await withDatabase(source.target, {}, async (holder) => {
      await holder.query("select pg_advisory_lock(7)");
      await copy(source.target, target.target, {
        plan: ruled("tables:\n  t: { keep: [id], rows: let_through() }\n"),
        onEvent: (event) => {
          if (event.type === "step" && event.step === "Copying rows") {
            made = target.query(subscribe).then(() => holder.query("select pg_advisory_unlock(7)"));
          }
          if (event.type === "warning") warnings.push(event.message);
        },
      });
    });
    await made;
    expect(warnings).toEqual([expect.stringContaining("could not be dropped")]);
    expect(await target.query("select * from t")).toEqual([{ id: 1 }]);
    // What is left over does not end the next run.
    await copy(source.target, target.target);
    const left = await instance.sql("select datname::text as name from pg_database where datname like $1", [
      `${database}_sync%`,
    ]);
    expect(left).toHaveLength(1);
    await withDatabase(instance.target(String(left[0]!["name"])), {}, (session) =>
      session.execute("drop subscription sync_none"),
    );
    await instance.dropDatabase(String(left[0]!["name"]));
  }, 60_000);
}
