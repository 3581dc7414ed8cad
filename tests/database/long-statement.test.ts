import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { FileBytes } from "#database/file-bytes.ts";
import { openDatabase, withDatabase } from "#database/open.ts";
import { readLargeSql } from "#database/read-sql.ts";
import { runStatements } from "#database/run-script.ts";
import { parseScript } from "#database/script.ts";
import { newestAndEmbedded } from "../support/engines.ts";
import { MAJORS } from "../support/servers.ts";
import { tlsServer } from "../support/tls.ts";
import { failureOf, placeOf } from "./failure.ts";

/** Enough for a statement that is sent while it is read. */
const ROWS = 60_000;
const row = (index: number): string => `(${index}, 'é${index % 7}${"x".repeat(30)}')`;
const INSERT = `INSERT INTO t VALUES\n${Array.from({ length: ROWS }, (_, index) => row(index)).join(",\n")}`;

/** What tells that every byte came through. */
const SUM = "SELECT count(*)::int AS count, md5(string_agg(text, '' ORDER BY id)) AS sum FROM t";
const sum = {
  count: ROWS,
  sum: new Bun.CryptoHasher("md5")
    .update(Array.from({ length: ROWS }, (_, index) => `é${index % 7}${"x".repeat(30)}`).join(""))
    .digest("hex"),
};

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "confiture-long-"))));
afterAll(() => rm(folder, { recursive: true }));

async function run(database: Database, text: string): Promise<void> {
  const path = join(folder, "long.sql");
  await writeFile(path, text);
  const script = parseScript(readLargeSql(new FileBytes("long.sql", path), true));
  expect(script.text.length).toBeLessThan(1000);
  await runStatements(database, script);
}

test("a text of this length is not held by the driver", () => {
  expect(Buffer.byteLength(INSERT)).toBeGreaterThan(2_500_000);
});

for (const engine of newestAndEmbedded) {
  describe(engine.name, () => {
    test("a long statement of a file arrives as it is written, and an error in it is placed", async () => {
      await using fresh = await engine.fresh();
      await withDatabase(fresh.target, {}, async (database) => {
        await run(
          database,
          `CREATE TABLE t (id int, text text);\n${INSERT};\nSELECT 1 / (count(*) - ${ROWS - 1}) FROM t;`,
        );
        expect(await database.query(SUM)).toEqual([sum]);
        const wrong = INSERT.replace(row(50_000), row(50_000).replace("50000,", "nope,"));
        const error = await failureOf(run(database, `-- one\n${wrong};\n`));
        expect(error.server?.sqlstate).toBe("42703");
        expect(placeOf(error)).toBe("long.sql:50003:2");
        // It is the statement that fails where no place is given.
        expect(placeOf(await failureOf(run(database, `\n\n  ${INSERT}, (1, 'a', 2);\n`)))).toStartWith("long.sql:");
      });
    });

    test("a long text stays in order with what is sent before and behind it", async () => {
      await using fresh = await engine.fresh();
      await withDatabase(fresh.target, {}, async (database) => {
        await database.execute("CREATE TABLE t (id int, text text)");
        await Promise.all([
          database.execute("BEGIN"),
          database.execute(INSERT),
          database.execute(`${INSERT.replaceAll(/^\((\d+)/gm, "(-1$1")} -- 𝒳`),
          database.execute("DELETE FROM t WHERE id < 0"),
          database.execute("COMMIT"),
        ]);
        expect(await database.query(SUM)).toEqual([sum]);
        expect((await failureOf(database.execute(`${INSERT}, (1, nope)`))).server?.sqlstate).toBe("42703");
        expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
      });
    });

    test("one that cannot be read to its end is never run, and the session goes on", async () => {
      await using fresh = await engine.fresh();
      const lost = new Error("the disk is gone");
      await withDatabase(fresh.target, {}, async (database) => {
        await database.execute("CREATE TABLE t (id int, text text)");
        const bytes = Buffer.from(INSERT);
        const cut = bytes.lastIndexOf(",\n", bytes.length / 2);
        const broken = {
          length: bytes.length,
          *pieces() {
            // All that is there so far would be a statement as well.
            yield bytes.subarray(0, cut);
            throw lost;
          },
        };
        expect(await database.execute(broken).catch((error: unknown) => error)).toBe(lost);
        expect(await database.query("SELECT count(*)::int AS count FROM t")).toEqual([{ count: 0 }]);
      });
    });
  });
}

test("over an encrypted connection", async () => {
  const { server } = await tlsServer(MAJORS.at(-1));
  await withDatabase({ ...server.target("postgres"), tls: { mode: "require" } }, {}, async (database) => {
    await run(database, `CREATE TEMP TABLE t (id int, text text);\n${INSERT};\n`);
    expect(await database.query(SUM)).toEqual([sum]);
  });
});

test("a session that ends in the middle of it is lost, and says so", async () => {
  const engine = newestAndEmbedded.find(({ kind }) => kind === "server")!;
  await using fresh = await engine.fresh();
  const database = await openDatabase(fresh.target);
  const bytes = Buffer.from(INSERT);
  const ending = {
    length: bytes.length,
    *pieces() {
      yield bytes.subarray(0, 1_000_000);
      void fresh.query("SELECT pg_terminate_backend($1)", [database.backendPid]);
      for (let at = 1_000_000; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
  };
  // Whether it was all sent before the session ended or not.
  const error = await database.execute(ending).then(
    () => undefined,
    (failed: unknown) => failed,
  );
  expect(error).toMatchObject({ code: expect.stringMatching(/^(?:connection_lost|sql_failed)$/) });
  await database.close();
});
