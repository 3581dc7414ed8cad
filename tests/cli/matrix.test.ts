import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { server, type TestServer } from "../support/servers.ts";
import { Cell, type CellDatabase, expectNothingLost, outcome } from "./matrix/cell.ts";
import {
  ADOPTED,
  adopted,
  begun,
  type Files,
  migrationsOnly,
  schemaOnly,
  type Shape,
  squashed,
  succeed,
  tutorial,
} from "./matrix/shapes.ts";
import { expectedIn, readTable, showTable } from "./matrix/table.ts";

setDefaultTimeout(300_000);

const STATES = ["fresh", "built", "behind", "ahead", "by hand", "merged"] as const;
type State = (typeof STATES)[number];

/** Where base and migrations do not tell what there is before the next migration. */
const ASKS_THE_DATABASE: ReadonlySet<string> = new Set(["tutorial", "schema only"]);

const FILES_DIFFER: readonly State[] = ["built", "merged"];

/** What each command is called with, and what a person has done just before. */
const COMMANDS: readonly Command[] = [
  { name: "build", args: ["build"], writes: true },
  { name: "up", args: ["migrate", "up"], writes: true },
  { name: "status", args: ["migrate", "status"] },
  { name: "drift", args: ["drift"] },
  {
    name: "generate",
    args: ["migrate", "generate", "extra"],
    given: { "db/schema/90_extra/extra.sql": "CREATE TABLE extra (id integer PRIMARY KEY);\n" },
    states: (shape) => (ASKS_THE_DATABASE.has(shape) ? STATES : ["built", "by hand", "merged"]),
  },
  { name: "verify", args: ["verify"], states: () => FILES_DIFFER },
  { name: "diff", args: ["diff"], states: () => FILES_DIFFER },
  {
    name: "update",
    args: ["schema", "update", "--yes"],
    given: {
      "db/migrations/004_nick.sql":
        "-- migrate:up\nALTER TABLE users ADD COLUMN nick text;\n\n-- migrate:down\nALTER TABLE users DROP COLUMN nick;\n",
    },
    states: () => FILES_DIFFER,
  },
  { name: "squash", args: ["migrate", "squash", "--through", "001"], states: () => FILES_DIFFER },
];

interface Command {
  readonly name: string;
  readonly args: readonly string[];
  readonly given?: Files;
  /** Whether it changes the database. */
  readonly writes?: boolean;
  /** Where it is tried: what asks no database comes to the same with the same files. */
  readonly states?: (shape: string) => readonly State[];
}

/**
 * What it comes to; `CONFITURE_MATRIX=show` prints it anew. `code: step > what the step came to > what the command then comes
 * to`, where a command is refused. States are what a person has before him: `behind`, a database without the last migration;
 * `ahead`, files without it (another branch was checked out); `merged`, files with a migration of another branch that is older
 * than the last one applied.
 */
const TABLE = readTable(`
tutorial
  build     fresh: builds, records 001 003 | up: nothing
            behind: build_behind: migrate up > applies 003 > builds | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_behind: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            *: builds | up: nothing
  up        fresh: sql_failed: build > builds, records 001 003 > nothing
            behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            *: nothing
  status    fresh: 001 pending, 003 pending
            behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            *: 001 applied, 003 applied
  drift     fresh: -btree_gist -users -uuid-ossp, pending 001 003
            built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
  generate  fresh: generate_refused: migrate base > done > nothing
            built: writes +extra
            behind: generate_refused: migrate up > applies 003 > writes +extra
            ahead: generate_refused: migrate base > done > nothing
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: generate_refused: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > writes +extra
  verify    *: proven, proven, proven
  diff      *: sql_failed: migrate base > done > none
  update    *: changed 10_tables/users.sql
  squash    *: squash_refused: migrate base > done > squashes 001

init
  build     fresh: builds, records 001 003 | up: nothing
            behind: builds, records 003 | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_over: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            *: builds | up: nothing
  up        fresh: applies base.sql 001 003
            behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            *: nothing
  status    fresh: base.sql pending, 001 pending, 003 pending
            behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            *: 001 applied, 003 applied
  drift     fresh: -users, pending 001 003
            built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
  generate  *: writes +extra
  verify    *: proven, proven, proven
  diff      *: none
  update    *: changed 10_tables/users.sql
  squash    *: squashes 001

adopted
  build     fresh: builds, records 001 003 | up: nothing
            behind: build_over: migrate up > applies 003 > builds | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_over: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            *: builds | up: nothing
  up        fresh: applies base.sql 001 003
            behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            *: nothing
  status    fresh: base.sql pending, 001 pending, 003 pending
            behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            *: 001 applied, 003 applied
  drift     fresh: -paying -plan -users, pending 001 003
            built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
  generate  *: writes +extra
  verify    *: proven, proven, proven
  diff      *: none
  update    *: changed 10_tables/users.sql
  squash    *: squashes 001

migrations only
  build     fresh: schema_no_files: migrate up > applies 001 003 > schema_no_files | up: nothing
            behind: schema_no_files: migrate up > applies 003 > schema_no_files | up: nothing
            ahead: schema_no_files: migrate up > history_missing: migrate up --allow-missing > nothing > schema_no_files | up: history_missing: migrate up --allow-missing > nothing
            merged: schema_no_files: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > schema_no_files | up: nothing
            *: schema_no_files: migrate up > nothing > schema_no_files | up: nothing
  up        fresh: applies 001 003
            behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            *: nothing
  status    fresh: 001 pending, 003 pending
            behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            *: 001 applied, 003 applied
  drift     fresh: none, pending 001 003
            built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
  generate  merged: generate_refused: migrate generate extra --allow-drop > writes +extra -posts -tags -users -users_id_seq
            *: generate_refused: migrate generate extra --allow-drop > writes +extra -posts -users -users_id_seq
  verify    *: proven
  diff      built: schema_no_files: export > done > none
            merged: schema_no_files: export > done > -tags
  update    built: schema_no_files: export > done > changed 10_tables/users.sql
            merged: schema_no_files: export > done > created 10_tables/tags.sql, changed 10_tables/users.sql
  squash    *: squashes 001

schema only
  build     *: builds
  up        *: migrations_missing: migrate new next > done > migration_empty
  status    *: migrations_missing: migrate new next > done > 001 pending
  drift     fresh: -posts -users -users_id_seq
            built: none
            behind: -posts
            ahead: +posts
            by hand: +handmade +users.hand
            merged: -tags
  generate  fresh: writes +extra +posts +users +users_id_seq
            built: writes +extra
            behind: writes +extra +posts
            ahead: generate_refused: migrate generate extra --allow-drop > writes +extra -posts
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: writes +extra +tags
  verify    *: proven
  diff      built: usage: drift > none > usage
            merged: usage: drift > -tags > usage
  update    *: changed users.sql
  squash    *: migration_unknown: migrate new next > done > squashes 001

squashed
  build     fresh, behind: builds, records 003 | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_over: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            *: builds | up: nothing
  up        fresh: applies base.sql 003
            behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            *: nothing
  status    fresh: base.sql pending, 003 pending
            behind: 001 squashed, 003 pending
            ahead: 001 squashed, 003 missing
            merged: 001 squashed, 002 out-of-order, 003 applied
            *: 001 squashed, 003 applied
  drift     fresh: -users, pending 003
            built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
  generate  *: writes +extra
  verify    *: proven, proven, proven
  diff      *: none
  update    *: changed 10_tables/users.sql
  squash    built: squash_refused: migrate status > 001 squashed, 003 applied > squash_refused
            merged: squash_refused: migrate status > 001 squashed, 002 out-of-order, 003 applied > squash_refused
`);

const isShown = process.env["CONFITURE_MATRIX"] === "show";

let instance: TestServer;
let scratch: string;
beforeAll(async () => {
  instance = await server(18);
  scratch = instance.url("postgres");
});

const databases: string[] = [];
afterAll(async () => {
  for (const name of databases) await instance.dropDatabase(name);
});

/** A database on the server, as a copy of another. */
async function copy(template = "template0"): Promise<CellDatabase> {
  const name = `cell_${crypto.randomUUID().slice(0, 8)}`;
  databases.push(name);
  await instance.sql(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    name,
    yaml: `database:\n  url: ${instance.url(name)}\nscratch:\n  url: ${scratch}\n`,
    // No session stays, so that it can be copied.
    async query(sql) {
      const session = instance.connect(name);
      try {
        return [...(await session.unsafe(sql))];
      } finally {
        await session.end({ timeout: 1 });
      }
    },
  };
}

/** A database that a project's files were brought into, and rows that somebody put there. */
async function filled(shape: Shape, files: Files, rows: string): Promise<string> {
  const database = await copy();
  using cell = new Cell(files, database);
  await succeed(shape.build, cell.dir);
  await database.query(rows);
  return database.name;
}

const ROWS =
  "INSERT INTO users (email, display_name, bio) VALUES ('a@example.com', 'A', 'writes'), ('b@example.com', 'B', NULL);";
const POSTS = "INSERT INTO posts VALUES (1, 'One');";
const BY_HAND =
  "ALTER TABLE users ADD COLUMN hand text; UPDATE users SET hand = 'mine'; CREATE TABLE handmade AS SELECT 1 AS n;";

/** The files and the database of each state. */
async function statesOf(shape: Shape): Promise<Readonly<Record<State, { files: Files; template: string }>>> {
  const { early, now, merged } = shape;
  const built = await filled(shape, now, ROWS + POSTS);
  const behind = await filled(shape, early, ROWS);
  const byHand = await copy(built);
  await byHand.query(BY_HAND);
  return {
    fresh: { files: now, template: "template0" },
    built: { files: now, template: built },
    behind: { files: now, template: behind },
    ahead: { files: early, template: built },
    "by hand": { files: now, template: byHand.name },
    merged: { files: merged, template: built },
  };
}

const SHAPES: Readonly<Record<string, () => Shape | Promise<Shape>>> = {
  tutorial: () => tutorial(),
  init: () => begun(),
  adopted: async () => {
    const origin = await copy();
    await origin.query(ADOPTED);
    return await adopted(instance.url(origin.name), scratch);
  },
  "migrations only": () => migrationsOnly(),
  "schema only": () => schemaOnly(),
  squashed: async () => squashed(await begun(), scratch),
};

describe.each(Object.keys(SHAPES))("%s", (name) => {
  test("every command in every state does what a person expects, or names the one that helps", async () => {
    const all = await statesOf(await SHAPES[name]!());
    const tried: Record<string, Record<string, string>> = {};
    for (const state of STATES) {
      const { files, template } = all[state];
      // For commands that do not change it.
      const shared = await copy(template);
      const before = await rowsIn(shared, files);
      for (const { name: command, args, given, writes, states = () => STATES } of COMMANDS) {
        if (!states(name).includes(state)) continue;
        const database = writes === true ? await copy(template) : shared;
        using cell = new Cell({ ...files, ...given }, database);
        const tell = async (): Promise<string> => {
          const words = await outcome(cell, args);
          // Whoever has built goes on with migrations.
          const goesOn = command === "build" && Object.keys(files).some((path) => path.startsWith("db/migrations/"));
          const then = goesOn ? ` | up: ${await outcome(cell, ["migrate", "up"])}` : "";
          expectNothingLost(before, await cell.rows());
          return words + then;
        };
        (tried[command] ??= {})[state] = await (isShown
          ? tell().catch((error: unknown) => `!!! ${String(error)}`)
          : tell());
      }
    }
    if (isShown) console.log(showTable(name, tried));
    else expect(tried).toEqual(expectedIn(TABLE[name]!, tried));
  });
});

async function rowsIn(database: CellDatabase, files: Files) {
  using cell = new Cell(files, database);
  return await cell.rows();
}
