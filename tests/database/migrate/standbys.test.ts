import { afterAll, expect, test } from "bun:test";
import { ownServer } from "../../support/engines.ts";
import { OLDEST_ALONE } from "../../support/servers.ts";
import { type Migrating, migrating } from "./migrating.ts";

const engine = ownServer(OLDEST_ALONE[0]!, ["synchronous_commit = on"]);

afterAll(engine.stop);

async function setStandbys(m: Migrating, names: string): Promise<void> {
  await m.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
  await m.query("SELECT pg_reload_conf()");
  const setting = "SELECT FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting = $1";
  while ((await m.query(setting, [names])).length === 0) await Bun.sleep(10);
}

test("an interruption while COMMIT waits for a standby that is not there: it is committed, and nothing runs behind it", async () => {
  const tables = ["a", "b", "c", "d"];
  await using m = await migrating(
    engine,
    Object.fromEntries(tables.map((name, index) => [`00${index + 1}_${name}.sql`, `CREATE TABLE ${name} (id int)`])),
  );
  await m.up({ to: "001" });
  await setStandbys(m, "nobody");
  const interrupt = new AbortController();
  const run = m.up({}, { signal: interrupt.signal });
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()";
  while ((await m.query(waiting)).length === 0) await Bun.sleep(10);
  interrupt.abort();
  const { results, error } = await run;
  expect(results).toEqual(["002 done", "003 failed", "004 not-run"]);
  expect(error?.code).toBe("interrupted");
  expect(await m.recorded()).toEqual(["001", "002"]);
  expect([await m.has("b"), await m.has("c")]).toEqual([true, false]);
  await setStandbys(m, "");
  expect((await m.up()).results).toEqual(["003 done", "004 done"]);
});
