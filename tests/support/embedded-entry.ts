/**
 * A program with one embedded database, for tests that need another process or a compiled file:
 * embedded-entry.ts FOLDER|- ACTION [ARGUMENT...]
 */
import type { Database } from "#database/database.ts";
import { openEmbeddedDatabase } from "#database/embedded/embedded.ts";

type Action = (database: Database, ...args: string[]) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  /** Runs queries and prints their rows, a line of JSON each. */
  async query(database, ...statements) {
    for (const statement of statements) console.log(JSON.stringify(await database.query(statement)));
  },

  /** Keeps the database open until it is killed or its standard input ends. */
  async hold() {
    console.log("open");
    await Bun.stdin.text();
  },

  /** Inserts one row after another and prints each number when it is committed, until it is killed. */
  async insert(database) {
    await database.execute("CREATE TABLE IF NOT EXISTS inserted (number int PRIMARY KEY, filling text)");
    const [{ last } = { last: 0 }] = await database.query<{ last: number }>(
      "SELECT coalesce(max(number), 0) AS last FROM inserted",
    );
    console.log(last);
    for (let number = last + 1; ; number++) {
      await database.execute(`INSERT INTO inserted VALUES (${number}, repeat('x', 2000))`);
      console.log(number);
    }
  },

  /** Prints an environment variable. */
  async environment(_database, name = "") {
    console.log(process.env[name] ?? "unset");
  },

  /** Prints the kind of statement that libpg-query sees. */
  async parse(_database, statement = "SELECT 1") {
    const { parse } = await import("libpg-query");
    const { stmts } = await parse(statement);
    console.log(Object.keys(stmts?.[0]?.stmt ?? {}).join());
  },
};

async function main(): Promise<void> {
  const [folder = "-", name = "", ...args] = process.argv.slice(2);
  const database = await openEmbeddedDatabase({ engine: "embedded", ...(folder === "-" ? {} : { path: folder }) });
  try {
    await ACTIONS[name]!(database, ...args);
  } finally {
    await database.close();
  }
}

void main();
