import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { bench } from "./bench.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const up = (table: string): string =>
  `-- migrate:up\nCREATE TABLE ${table} (id int);\n-- migrate:down\nDROP TABLE ${table};\n`;
const THREE = { "001_a.sql": up("a"), "002_b.sql": up("b"), "003_c.sql": up("c") };

for (const major of NEWEST_ALONE) {
  describe(`PostgreSQL ${major}, history conflicts`, () => {
    test.concurrent("edited: status shows it, up and down refuse, the file put back or accept is the way out", async () => {
      await using b = await bench(major, THREE);
      await b.migrate("up", "--to", "2");
      await b.write("001_a.sql", `-- reviewed\n${up("a")}`);
      const status = await b.migrate("status", "--exit-code");
      expect(status.exitCode).toBe(3);
      expect(status.stdout).toMatch(/001_a \(applied .*, edited since\)/);
      const refused = await b.json("migrate", "up");
      expect(refused).toMatchObject({ exitCode: 7, error: { code: "history_edited", data: { version: "001" } } });
      expect(refused.error.hint).toContain("confiture migrate accept 001");
      expect((await b.json("migrate", "down", "--to", "0")).error.code).toBe("history_edited");
      expect(await b.has("c")).toBe(false);
      await b.write("001_a.sql", up("a"));
      expect((await b.migrate("up", "--steps", "1", "--dry-run")).exitCode).toBe(0);
      await b.write("001_a.sql", `-- reviewed\n${up("a")}`);
      expect((await b.migrate("accept", "001")).exitCode).toBe(0);
      expect((await b.migrate("up")).exitCode).toBe(0);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
    });

    test.concurrent("missing: --allow-missing goes on, resolve forgets it", async () => {
      await using b = await bench(major, THREE);
      await b.migrate("up", "--to", "2");
      await rm(b.project.path("db/migrations/001_a.sql"));
      expect((await b.migrate("status")).stdout).toMatch(/001_a \(applied .*, file missing\)/);
      const refused = await b.migrate("up");
      expect(refused.exitCode).toBe(7);
      expect(refused.stderr).toContain("is applied, but its file is not here");
      expect(refused.stderr).toContain("--allow-missing");
      expect((await b.migrate("up", "--allow-missing")).exitCode).toBe(0);
      expect((await b.migrate("resolve", "001", "--rolled-back")).exitCode).toBe(0);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
    });

    test.concurrent("out of order: refused before anything runs, --allow-out-of-order runs it", async () => {
      await using b = await bench(major, { "001_a.sql": up("a"), "003_c.sql": up("c"), "004_d.sql": up("d") });
      await b.migrate("up", "--to", "3");
      await b.write("002_b.sql", up("b"));
      expect((await b.migrate("status")).stdout).toContain("002_b (pending, out of order)");
      const refused = await b.json("migrate", "up");
      expect(refused).toMatchObject({
        exitCode: 7,
        error: { code: "history_out_of_order", data: { version: "002", after: "003" } },
      });
      expect([await b.has("b"), await b.has("d")]).toEqual([false, false]);
      expect((await b.migrate("up", "--allow-out-of-order")).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied", "002 applied", "003 applied", "004 applied"]);
    });

    test.concurrent("duplicate: refused by every command, before a connection", async () => {
      await using b = await bench(major, { ...THREE, "2_other.sql": up("other") });
      for (const command of ["up", "down", "status", "redo"]) {
        const { exitCode, error } = await b.json("migrate", command, "--database-url", "postgres://x@127.0.0.1:1/x");
        expect({ command, exitCode, code: error.code }).toEqual({ command, exitCode: 7, code: "migration_duplicate" });
        expect(error.message).toContain("2_other.sql");
      }
      expect((await b.json("migrate", "baseline")).error.code).toBe("migration_duplicate");
      await rm(b.project.path("db/migrations/2_other.sql"));
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test.concurrent("who, when, how long and with which version: the ledger says it, status --format json carries it", async () => {
      await using b = await bench(major, THREE);
      const version = (await b.run(["--version"])).stdout.replace("Confiture version ", "").trim();
      const before = Date.now() - 60_000;
      await b.migrate("up");
      const { migrations } = await b.json("migrate", "status");
      for (const entry of migrations) {
        expect(entry).toMatchObject({ state: "applied", appliedBy: "postgres", toolVersion: version });
        expect(Date.parse(String(entry["appliedAt"]))).toBeGreaterThan(before);
        expect(entry["executionMs"]).toBeNumber();
        expect(entry["checksum"]).toMatch(/^[0-9a-f]{64}$/);
      }
    });
  });

  describe(`PostgreSQL ${major}, --single-transaction`, () => {
    test.concurrent("all of them or none", async () => {
      await using b = await bench(major, { ...THREE, "004_d.sql": "CREATE TABLE d (id int); SELECT 1/0;" });
      const failed = await b.json("migrate", "up", "--single-transaction");
      expect(failed).toMatchObject({ exitCode: 1, error: { server: { sqlstate: "22012" } } });
      expect(failed.migrations.map(({ outcome }) => outcome)).toEqual(["not-run", "not-run", "not-run", "failed"]);
      expect([await b.has("a"), await b.has("c"), await b.has("d")]).toEqual([false, false, false]);
      await b.write("004_d.sql", up("d"));
      expect((await b.migrate("up", "--single-transaction")).exitCode).toBe(0);
      expect(await b.ledger()).toHaveLength(4);
    });

    test.concurrent("refuses a set with a migration that cannot share one, before anything runs", async () => {
      await using b = await bench(major, { ...THREE, "004_d.sql": "CREATE INDEX CONCURRENTLY d ON a (id)" });
      const { exitCode, error } = await b.json("migrate", "up", "--single-transaction");
      expect({ exitCode, code: error.code }).toEqual({ exitCode: 1, code: "migration_not_transactional" });
      expect([await b.has("a"), await b.has("confiture_migrations")]).toEqual([false, false]);
      expect((await b.migrate("up", "--single-transaction", "--to", "3")).exitCode).toBe(0);
      expect((await b.migrate("up")).exitCode).toBe(0);
    });
  });

  describe(`PostgreSQL ${major}, protected environments and db`, () => {
    test.concurrent("what destroys needs the environment's name, what does not needs nothing", async () => {
      const files = { ...THREE, "db/schema/a.sql": "CREATE TABLE schema_table (id int);" };
      await using b = await bench(major, files, { environment: "protected: true\n" });
      expect((await b.migrate("up")).exitCode).toBe(0);
      for (const args of [
        ["migrate", "down"],
        ["migrate", "redo"],
        ["build"],
        ["build", "--fresh"],
        ["db", "drop", "--force"],
      ]) {
        for (const yes of [[], ["--yes", "production"], ["--yes=true"]]) {
          const { exitCode, error } = await b.json(...args, ...yes);
          const code = yes.length === 0 ? "protected" : "usage";
          expect({ args, exitCode, code: error.code }).toEqual({ args, exitCode: 2, code });
          expect(error.hint).toContain("--yes local");
        }
      }
      expect(await b.ledger()).toHaveLength(3);
      expect((await b.migrate("status")).exitCode).toBe(0);
      expect((await b.migrate("down", "--yes", "local")).exitCode).toBe(0);
      expect(await b.ledger()).toHaveLength(2);
    });

    // With one byte more or less, the 63rd is the first half of a character.
    test.concurrent.each(["", "x"])(
      "a name of more than 63 bytes is the one that PostgreSQL makes of it, which is said (%p)",
      async (more) => {
        await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int);" });
        const name = `${b.database}_${more}${"é".repeat(40)}`;
        const kept = Buffer.from(name).subarray(0, 63).toString("utf8").replace("\uFFFD", "");
        const url = b.url.replace(/[^/]*$/, encodeURIComponent(name));
        for (const args of [
          ["db", "create"],
          ["migrate", "baseline"],
          ["db", "drop"],
        ]) {
          const { exitCode, stderr } = await b.run([...args, "--database-url", url]);
          expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 });
          expect(stderr).toContain(`warning: PostgreSQL keeps 63 bytes of a name: the database is ${kept}, and`);
          const there = await b.query(`SELECT datname FROM pg_database WHERE datname = '${kept}'`);
          expect(there).toHaveLength(args[1] === "drop" ? 0 : 1);
        }
      },
    );

    test.concurrent("db create and drop: once, again, with others in it", async () => {
      await using b = await bench(major, {});
      const url = `${b.url}_new`;
      const run = (...args: string[]): ReturnType<typeof b.json> => b.json("db", ...args, "--database-url", url);
      expect(await run("create")).toMatchObject({ exitCode: 0, created: true });
      expect(await run("create")).toMatchObject({ exitCode: 0, created: false });
      const both = await Promise.all([run("create"), run("wait")]);
      expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      const guest = b.instance.connect(`${b.database}_new`);
      await guest.unsafe("SELECT 1");
      const refused = await run("drop");
      expect(refused).toMatchObject({ exitCode: 1, error: { server: { sqlstate: "55006" } } });
      expect(refused.error.hint).toContain("--force");
      expect(await run("drop", "--force")).toMatchObject({ exitCode: 0, dropped: true });
      expect(await run("drop")).toMatchObject({ exitCode: 0, dropped: false });
      await guest.end({ timeout: 1 }).catch(() => {});
      const raced = await Promise.all([1, 2, 3].map(() => run("create")));
      expect(raced.filter(({ created }) => created === true)).toHaveLength(1);
      await run("drop", "--force");
    });
  });
}
