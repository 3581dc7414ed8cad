import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AT_THE_GATE, type Bench, bench, lockIsFree, RUNNER } from "./bench.ts";
import { OLDEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const B = "-- migrate:up\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n";
const FILES = { "001_a.sql": "CREATE TABLE a (id int);\n", "002_b.sql": B };
const OUTSIDE = B.replace("migrate:up", "migrate:up transaction:false");

/** From here on, what writes to the ledger in this way waits in the middle of it. */
async function stopWriters({ query }: Bench, when: string): Promise<void> {
  const wait = AT_THE_GATE.replace("DO $$ BEGIN", "BEGIN").replace("END $$;", "RETURN new; END");
  await query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$${wait}$$`);
  await query(`CREATE TRIGGER wait ${when} ON confiture_migrations FOR EACH ROW EXECUTE FUNCTION wait()`);
}

const SLEEPS = `SELECT pid FROM pg_stat_activity WHERE ${RUNNER} AND wait_event = 'PgSleep'`;

/** Rows whose text is not the one of their checksum, or is not there. */
const APART = `SELECT version FROM confiture_migrations
  WHERE source IS NULL OR encode(sha256(convert_to(source, 'UTF8')), 'hex') <> checksum`;

for (const major of OLDEST_ALONE) {
  describe(`PostgreSQL ${major}, a runner that is killed while it writes a row and its text`, () => {
    test.concurrent.each([
      ["up", "BEFORE INSERT", ["up"], B],
      ["up", "AFTER INSERT", ["up"], B],
      ["up outside a transaction, begun", "AFTER INSERT", ["up"], OUTSIDE],
      ["up outside a transaction, done", "AFTER UPDATE", ["up"], OUTSIDE],
      ["baseline", "AFTER INSERT", ["baseline"], B],
      ["accept", "AFTER UPDATE", ["accept", "001"], B],
    ])("leaves both or neither: %s, %s", async (_what, when, command, text) => {
      for (const goesOn of [true, false]) {
        await using b = await bench(major, { ...FILES, "002_b.sql": text });
        expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
        if (command[0] === "accept") await b.write("001_a.sql", `-- reviewed\n${FILES["001_a.sql"]}`);
        await stopWriters(b, when);
        const runner = await b.start(["migrate", ...command]);
        await b.until(SLEEPS);
        runner.process.kill("SIGKILL");
        await runner.result;
        // The server may be done with what it was sent before it notices, or not.
        if (goesOn) await b.openGate();
        await lockIsFree(b.query);
        await b.until(`SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE ${RUNNER})`);
        expect(await b.query(APART)).toEqual([]);
        await b.query("DROP TRIGGER wait ON confiture_migrations");
        const isRecorded = (await b.ledger()).some((row) => row.startsWith("002"));
        if (text === B && command[0] === "up") expect(await b.has("b")).toBe(isRecorded);
        if (text === OUTSIDE) expect(isRecorded || !(await b.has("b"))).toBe(true);
      }
    });
  });
}
