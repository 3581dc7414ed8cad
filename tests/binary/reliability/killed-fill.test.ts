import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { few } from "../../support/long.ts";
import { bench, lockIsFree, OUTER_MAJORS } from "./bench.ts";

setDefaultTimeout(120_000);

const ROWS = 1000;
const BATCH = 50;
/** The row at which the batch waits until the test lets it go on. */
const GATE = 620;

/** Every change of a row leaves its number in `done`, in the order in which they were made. */
const TABLE = `CREATE TABLE people (id int PRIMARY KEY, full_name text NOT NULL, first_name text);
INSERT INTO people SELECT i, 'Ada ' || i FROM generate_series(1, ${ROWS}) AS i;
CREATE TABLE done (n serial, id int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO done (id) VALUES (NEW.id);
  WHILE NEW.id = ${GATE} AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'gate') LOOP PERFORM pg_sleep(0.02); END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION note();`;

const SQL = "UPDATE people SET first_name = split_part(full_name, ' ', 1) WHERE first_name IS NULL";

const FORMS = [
  ["SQL", "002_fill.sql", `-- migrate:up backfill:people batch:${BATCH} triggers:on\n${SQL};\n`],
  [
    "TypeScript",
    "002_fill.ts",
    `import { Migration } from "confiture";
export default class Fill extends Migration {
  up() {
    this.backfill({ table: "people", batch: ${BATCH}, triggers: "on", sql: "${SQL}" });
  }
  down() {}
}
`,
  ],
] as const;

for (const major of few(1, OUTER_MAJORS)) {
  describe(`PostgreSQL ${major}`, () => {
    test.concurrent.each(FORMS)(
      "a backfill in %s that is killed in the middle of a batch goes on exactly behind the last one that was committed",
      async (_form, name, text) => {
        await using b = await bench(major, { "001_people.sql": TABLE, [name]: text });
        await b.migrate("up", "--to", "001");
        const runner = await b.start(["migrate", "up"]);
        await b.until(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE '%update people%' AND query NOT ILIKE '%confiture_migrations%' AND wait_event = 'PgSleep'`,
        );
        runner.process.kill("SIGKILL");
        await runner.result;
        await lockIsFree(b.query);
        const committed = Math.floor((GATE - 1) / BATCH);
        expect(await b.query("SELECT position, batches::int AS batches FROM confiture_migrations_progress")).toEqual([
          { position: [String(committed * BATCH)], batches: committed },
        ]);
        expect((await b.json("migrate", "status")).migrations[1]).toMatchObject({ version: "002", state: "filling" });
        await b.openGate();
        const { exitCode, stderr } = await b.migrate("up");
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect(await b.ledger()).toEqual(["001 applied", "002 applied"]);
        // In the order of the key, none left out and none twice.
        const [done] = await b.query<{ ids: number[] }>("SELECT json_agg(id ORDER BY n) AS ids FROM done");
        expect(done?.ids).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
        expect(await b.query("SELECT FROM people WHERE first_name IS DISTINCT FROM 'Ada'")).toEqual([]);
      },
    );
  });
}
