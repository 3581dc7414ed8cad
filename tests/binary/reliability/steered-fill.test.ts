import { expect, setDefaultTimeout, test } from "bun:test";
import { NEWEST_ALONE } from "../../support/servers.ts";
import { AT_THE_GATE, bench } from "./bench.ts";

setDefaultTimeout(120_000);

const FILES = {
  "001_people.sql": `CREATE TABLE people (id int PRIMARY KEY, full_name text NOT NULL, first_name text);
INSERT INTO people SELECT i, 'Ada ' || i FROM generate_series(1, 500) AS i;
ANALYZE people;
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
  ${AT_THE_GATE.replace(/^DO \$\$ BEGIN /, "").replace(/END \$\$;$/, "")}
  RETURN NULL;
END $f$;
CREATE TRIGGER wait AFTER UPDATE ON people FOR EACH ROW WHEN (NEW.id = 250) EXECUTE FUNCTION wait();`,
  "002_fill.sql":
    "-- migrate:up backfill:people batch:100 triggers:on\nUPDATE people SET first_name = split_part(full_name, ' ', 1) WHERE first_name IS NULL;\n",
};

for (const major of NEWEST_ALONE) {
  test(`PostgreSQL ${major}: a backfill is watched, slowed down, paused and let go on from elsewhere`, async () => {
    await using b = await bench(major, FILES);
    await b.migrate("up", "--to", "001");
    const runner = await b.start(["migrate", "up"]);
    await b.until("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'");
    const watch = await b.start(["migrate", "status", "--watch"]);
    await watch.says("200 of about");
    const told = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await b.migrate(...args);
      expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 });
      return stdout;
    };
    expect(await told("throttle", "--batch", "10", "--pause", "1ms")).toContain("batches of 10, a pause of 1 ms");
    expect(await told("pause")).toMatch(/002_fill is paused \(.*paused by postgres@/);
    await b.openGate();
    await b.until("SELECT FROM confiture_migrations_progress WHERE waits LIKE 'paused by %'");
    await watch.says("waits: paused by postgres@");
    expect((await b.query("SELECT batches::int AS batches FROM confiture_migrations_progress"))[0]).toEqual({
      batches: 3,
    });
    expect(await told("status")).toMatch(
      /002_fill \(filling: 300 of about .*waits: paused by postgres@.*process \d+ works on it/,
    );
    await told("resume", "002");
    expect((await runner.result).exitCode).toBe(0);
    // By itself, with what is true then.
    const { exitCode, stdout } = await watch.result;
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/002_fill \(applied/) as string,
    });
    // Three of a hundred, then twenty of ten, and those of the sweep.
    const [progress] = await b.query("SELECT batches::int AS batches FROM confiture_migrations_progress");
    expect(progress).toEqual({ batches: 3 + 20 + 50 });
    for (const [command, message] of [
      [["pause"], "No backfill has begun or is to be run"],
      [["pause", "002"], "002_fill is no backfill, or is done"],
      [["resume", "001"], "001_people is no backfill, or is done"],
      [["throttle", "007", "--batch", "5"], "007"],
      [["throttle"], "--batch or --pause"],
      [["throttle", "--batch", "0"], "--batch takes a number from 1 up"],
      [["throttle", "--pause", "5"], "--pause takes a duration such as"],
      [["up", "--for", "30"], "--for takes a duration such as"],
      [["up", "--for", "0"], "--for must be longer than 0"],
      [["up", "--no-backfill", "--only-backfill"], "do not go together"],
      [["up", "--contract", "names"], 'There is no pending contract "names"'],
    ] as const) {
      const { exitCode: code, stderr } = await b.migrate(...command);
      expect({ command, code, stderr }).toEqual({
        command,
        code: expect.any(Number) as number,
        stderr: expect.stringContaining(message) as string,
      });
      expect(code).not.toBe(0);
    }
    // A time that is over is told, and so is one that is paused and that nobody runs.
    await b.write("003_more.sql", FILES["002_fill.sql"].replaceAll("first_name", "full_name"));
    await b.write("004_last.sql", "CREATE TABLE last ();");
    const over = await b.migrate("up", "--for", "1ms");
    expect(over.exitCode).toBe(0);
    expect(over.stderr).toContain(
      "The time is over: 2 migrations not begun. `confiture migrate up` goes on with 003_more",
    );
    await b.write(
      "003_more.sql",
      "-- migrate:up backfill:people batch:1 triggers:on\nUPDATE people SET first_name = (10 / (id - 2))::text WHERE first_name = 'Ada';",
    );
    expect((await b.migrate("up")).exitCode).toBe(1);
    await told("pause");
    expect(await told("status")).toMatch(
      /003_more \(filling: .*waits: paused by postgres@.*; nobody works on it: confiture migrate resume, then confiture migrate up goes on\)/,
    );
  });
}
