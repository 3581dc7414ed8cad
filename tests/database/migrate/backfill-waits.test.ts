import { afterAll, expect, test } from "bun:test";
import { ownServer } from "../../support/engines.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";
import { migrating } from "./migrating.ts";

/** It archives nothing, and vacuums at once. */
const engine = ownServer(NEWEST_ALONE[0]!, [
  "archive_mode = on",
  "archive_command = 'false'",
  "autovacuum = on",
  "autovacuum_naptime = 1s",
  "synchronous_commit = off",
]);

afterAll(engine.stop);

const FILL = "-- migrate:up backfill:t\nUPDATE t SET b = a * 2 WHERE b IS NULL AND a IS NOT NULL;";

/** What `up` waits for first; it is stopped then. */
async function waitsFor(files: Record<string, string>, throttle: object, prepare: readonly string[]): Promise<string> {
  await using m = await migrating(engine, files);
  await m.up({ to: "001" });
  for (const sql of prepare) {
    for (;;) {
      const rows = await m.query(sql);
      if (!sql.startsWith("SELECT") || rows.length > 0) break;
      await Bun.sleep(50);
    }
  }
  const stop = new AbortController();
  let reason = "";
  const outcome = await m.up(
    {},
    {
      throttle,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type !== "fill-waiting") return;
        reason = event.reason;
        stop.abort();
      },
    },
  );
  expect(outcome).toMatchObject({ error: { code: "interrupted" } });
  expect(await m.query("SELECT FROM t WHERE b IS NOT NULL")).toEqual([]);
  return reason;
}

test(`${engine.name}: WAL that waits for the archive makes a fill wait`, async () => {
  const table = "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1);";
  const reason = await waitsFor({ "001_t.sql": table, "002_fill.sql": FILL }, { maxWalBacklog: 1 }, [
    "SELECT pg_switch_wal()",
    "SELECT FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
  ]);
  expect(reason).toMatch(/^for the WAL archive, \d+ MB behind/);
});

test(`${engine.name}: a vacuum that keeps transaction numbers from running out is let go first`, async () => {
  // This vacuum is the only one that comes, and as slow as it can be made: a page takes a tenth of a second and more.
  const table = `CREATE TABLE t (id int PRIMARY KEY, a int, b int)
  WITH (autovacuum_enabled = false, autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
INSERT INTO t SELECT i, i FROM generate_series(1, 30000) AS i;`;
  const reason = await waitsFor({ "001_t.sql": table, "002_fill.sql": FILL }, {}, [
    "DO $$ BEGIN FOR i IN 1..100100 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$",
    `SELECT FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a ON a.pid = p.pid
      WHERE p.relid = 't'::regclass AND a.query LIKE '%to prevent wraparound%'`,
  ]);
  expect(reason).toMatch(/^for the vacuum of the table that prevents wraparound \(process \d+\)$/);
});
