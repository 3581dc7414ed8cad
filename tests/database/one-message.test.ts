import { describe, expect, test } from "bun:test";
import type { Database } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import { inOneMessage } from "#database/one-message.ts";
import { ConfitureError } from "#errors/error.ts";
import { engines, type TestEngine } from "../support/engines.ts";

const open = async (engine: TestEngine): Promise<AsyncDisposable & { readonly database: Database }> => {
  const fresh = await engine.fresh();
  const database = await openDatabase(fresh.target);
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database.close();
      await fresh.drop();
    },
  };
};

const outcomes = async (database: Database, texts: readonly string[]): Promise<unknown[]> => {
  const settled: unknown[] = texts.map(() => "waits");
  await database.execute("begin");
  await inOneMessage(
    database,
    texts.map((text, index) => async (message) => {
      try {
        await message.execute(text);
        settled[index] = "done";
      } catch (error) {
        settled[index] = error;
        throw error;
      }
    }),
  ).catch((error: unknown) => {
    if (error !== settled.find((one) => one instanceof ConfitureError)) throw error;
  });
  await database.execute("rollback");
  return settled;
};

for (const engine of engines) {
  describe(engine.name, () => {
    test("all texts are run in their order", async () => {
      await using opened = await open(engine);
      const { database } = opened;
      await database.execute("create table t (n int)");
      await inOneMessage(database, [
        async (message) => await message.execute("begin; insert into t values (1) -- a comment that ends the text"),
        async (message) => await message.execute("insert into t select 10 * n from t;"),
        async (message) => await message.execute("commit"),
      ]);
      expect(await database.query("select n from t order by n")).toEqual([{ n: 1 }, { n: 10 }]);
    });

    test.each([
      ["a name that is not there", "select 1; select 2; select ö🎈, nowhere", { position: 28, completedStatements: 2 }],
      ["a division by zero", "select 1;; -- ;\nselect 1 / 0", { completedStatements: 1 }],
    ] as const)("%s is a failure of the text that has it", async (_, text, server) => {
      await using opened = await open(engine);
      const { database } = opened;
      const [first, second, third] = await outcomes(database, [
        "select 'ä🎉; select' -- ö🎉",
        text,
        "create table never ()",
      ]);
      expect(first).toBe("done");
      expect(second).toMatchObject({ code: "sql_failed", server });
      expect(third).toBeInstanceOf(ConfitureError);
      expect(await database.query("select to_regclass('never')::text as found")).toEqual([{ found: null }]);
    });

    test("a syntax error anywhere keeps everything from running, and is one of its own text", async () => {
      await using opened = await open(engine);
      const { database } = opened;
      const [, second, third] = await outcomes(database, ["create table t ()", "selec 1", "select 1"]);
      expect(second).toMatchObject({ code: "sql_failed", server: { sqlstate: "42601", position: 1 } });
      expect(third).toBeInstanceOf(ConfitureError);
    });

    test("what fails at COMMIT is a failure of the text with the COMMIT", async () => {
      await using opened = await open(engine);
      const { database } = opened;
      await database.execute(
        "create table p (id int primary key, to_p int references p deferrable initially deferred)",
      );
      const [first, second] = await outcomes(database, ["insert into p values (1, 2)", "commit"]);
      expect(first).toBe("done");
      expect(second).toMatchObject({ server: { sqlstate: "23503", completedStatements: 0 } });
    });
  });
}
