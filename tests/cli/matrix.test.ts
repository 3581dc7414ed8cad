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

const STATES = [
  "fresh",
  "built",
  "behind",
  "ahead",
  "by hand",
  "merged",
  "migration edited",
  "schema edited",
  "embedded",
] as const;
type State = (typeof STATES)[number];

/** Where base and migrations do not tell what there is before the next migration. */
const ASKS_THE_DATABASE: ReadonlySet<string> = new Set(["tutorial", "schema only"]);

const EDITED: readonly State[] = ["migration edited", "schema edited"];

/** Projects that go on as `init`'s does: what is in their base tells only here. */
const OF_INTEREST: Readonly<Record<string, readonly State[]>> = {
  adopted: ["fresh", "built", "behind", "schema edited"],
  squashed: ["fresh", "built", "behind", "merged", "migration edited"],
};

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
    states: (shape) => (ASKS_THE_DATABASE.has(shape) ? STATES : ["built", "by hand", ...EDITED]),
  },
  { name: "verify", args: ["verify"], states: () => ["built", "merged", ...EDITED] },
  { name: "diff", args: ["diff"], states: () => ["merged", "schema edited"] },
  {
    name: "update",
    args: ["schema", "update", "--yes"],
    given: {
      "db/migrations/004_nick.sql":
        "-- migrate:up\nALTER TABLE users ADD COLUMN nick text;\n\n-- migrate:down\nALTER TABLE users DROP COLUMN nick;\n",
    },
    states: () => ["built", "schema edited"],
  },
  { name: "squash", args: ["migrate", "squash", "--through", "001"], states: () => ["built", "migration edited"] },
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
 * than the last one applied; `migration edited` and `schema edited`, files in which a type is another since; `embedded`, nothing
 * yet, in the embedded engine.
 */
const TABLE = readTable(`
tutorial
  build     behind: build_behind: migrate up > applies 003 > builds | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_behind: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 001 | up: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            schema edited: build_over: drift > ~users.bio > build_over | up: nothing
            fresh, embedded: builds, records 001 003 | up: nothing
            *: builds | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: sql_failed: build > builds, records 001 003 > nothing
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            schema edited: ~users.bio
            fresh, embedded: -users, pending 001 003
            *: none
  generate  built: writes +extra
            behind: generate_refused: migrate up > applies 003 > writes +extra
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: generate_refused: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > writes +extra
            migration edited: generate_refused: migrate base > done > writes ~users.bio
            schema edited: generate_refused: migrate generate extra --allow-drop > writes +extra ~users.bio
            *: generate_refused: migrate base > done > nothing
  verify    built, merged: proven, proven, proven
            *: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squash_refused: migrate base > done > squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squash_refused
  diff      merged: sql_failed: migrate base > done > none
            schema edited: sql_failed: migrate base > done > ~users.bio

init
  build     behind: builds, records 003 | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_over: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 001 | up: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            schema edited: build_over: drift > ~users.bio > build_over | up: nothing
            fresh, embedded: builds, records 001 003 | up: nothing
            *: builds | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: applies base.sql 001 003
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: base.sql pending, 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            schema edited: ~users.bio
            fresh, embedded: -users, pending 001 003
            *: none
  generate  migration edited: writes +extra ~users.bio
            schema edited: generate_refused: migrate generate extra --allow-drop > writes +extra ~users.bio
            *: writes +extra
  verify    built, merged: proven, proven, proven
            *: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squashes 001
  diff      merged: none
            schema edited: ~users.bio

adopted
  build     fresh: builds, records 001 003 | up: nothing
            built: builds | up: nothing
            behind: build_over: migrate up > applies 003 > builds | up: nothing
            schema edited: build_over: drift > ~posts.title > build_over | up: nothing
  up        fresh: applies base.sql 001 003
            behind: applies 003
            *: nothing
  status    fresh: base.sql pending, 001 pending, 003 pending
            behind: 001 applied, 003 pending
            *: 001 applied, 003 applied
  drift     fresh: -paying -plan -users, pending 001 003
            built: none
            behind: none, pending 003
            schema edited: ~posts.title
  generate  built: writes +extra
            schema edited: generate_refused: migrate generate extra --allow-drop > writes +extra ~posts.title
  verify    built: proven, proven, proven
            schema edited: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squashes 001
  diff      schema edited: ~posts.title

migrations only
  build     behind: schema_no_files: migrate up > applies 003 > schema_no_files | up: nothing
            ahead: schema_no_files: migrate up > history_missing: migrate up --allow-missing > nothing > schema_no_files | up: history_missing: migrate up --allow-missing > nothing
            merged: schema_no_files: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > schema_no_files | up: nothing
            migration edited: schema_no_files: migrate up > history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing > schema_no_files | up: nothing
            fresh, embedded: schema_no_files: migrate up > applies 001 003 > schema_no_files | up: nothing
            *: schema_no_files: migrate up > nothing > schema_no_files | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: applies 001 003
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            migration edited: ~users.bio
            *: none, pending 001 003
  generate  *: generate_refused: migrate generate extra --allow-drop > writes +extra -posts -users -users_id_seq
  verify    *: proven
  update    built: schema_no_files: export > done > changed 10_tables/users.sql
  squash    built: squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squashes 001
  diff      merged: schema_no_files: export > done > -tags

schema only
  build     *: builds
  up        *: migrations_missing: migrate new next > done > migration_empty
  status    *: migrations_missing: migrate new next > done > 001 pending
  drift     built: none
            behind: -posts
            ahead: +posts
            by hand: +handmade +users.hand
            merged: -tags
            schema edited: ~posts.title
            *: -posts -users -users_id_seq
  generate  built: writes +extra
            behind: writes +extra +posts
            ahead: generate_refused: migrate generate extra --allow-drop > writes +extra -posts
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: writes +extra +tags
            schema edited: generate_refused: migrate generate extra --allow-drop > writes +extra ~posts.title
            *: writes +extra +posts +users +users_id_seq
  verify    *: proven
  update    *: changed users.sql
  squash    built: migration_unknown: migrate new next > done > squashes 001
  diff      merged: usage: drift > -tags > usage
            schema edited: usage: drift > ~posts.title > usage

squashed
  build     built: builds | up: nothing
            merged: build_over: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 003 | up: history_edited: migrate accept 003 > accept_refused: migrate accept 003 --different > done > nothing
            *: builds, records 003 | up: nothing
  up        fresh: applies base.sql 003
            built: nothing
            behind: applies 003
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 003 > accept_refused: migrate accept 003 --different > done > nothing
  status    fresh: base.sql pending, 003 pending
            built: 001 squashed, 003 applied
            behind: 001 squashed, 003 pending
            merged: 001 squashed, 002 out-of-order, 003 applied
            migration edited: 001 squashed, 003 edited
  drift     fresh: -users, pending 003
            behind: none, pending 003
            merged: none, pending 002
            *: none
  generate  built: writes +extra
            migration edited: writes +extra ~posts.title
  verify    migration edited: proven, proven, disproven
            *: proven, proven, proven
  update    built: changed 10_tables/users.sql
  squash    built: squash_refused: migrate status > 001 squashed, 003 applied > squash_refused
            migration edited: squash_refused: migrate status > 001 squashed, 003 edited > squash_refused
  diff      merged: none
`);

const isShown = process.env["CONFITURE_MATRIX"] === "show";

let instance: TestServer;
beforeAll(async () => {
  instance = await server(18);
});

const databases: string[] = [];
afterAll(async () => {
  for (const name of databases) await instance.dropDatabase(name);
});

/** Of the same version as the server, and emptied faster than a server makes a database. */
const SCRATCH = "scratch:\n  url: embedded\n";

/** One of the embedded engine that nobody has made yet, and nothing is lost in. */
const UNMADE: CellDatabase = {
  yaml: `database:\n  engine: embedded\n  path: .confiture/local\n${SCRATCH}`,
  query: () => Promise.resolve([]),
};

/** A database on the server, as a copy of another. */
async function copy(template = "template0"): Promise<CellDatabase & { readonly name: string }> {
  const name = `cell_${crypto.randomUUID().slice(0, 8)}`;
  databases.push(name);
  await instance.sql(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    name,
    yaml: `database:\n  url: ${instance.url(name)}\n${SCRATCH}`,
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

/** The files and the database of each state; without a database, there is none yet. */
async function statesOf(
  shape: Shape,
): Promise<Readonly<Partial<Record<State, { files: Files; template: string | undefined }>>>> {
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
    ...(hasMigrations(now) && { "migration edited": { files: retyped(now, "db/migrations/0"), template: built } }),
    ...(Object.keys(now).some((path) => path.startsWith("db/schema/")) && {
      "schema edited": { files: retyped(now, "db/schema/"), template: built },
    }),
    embedded: { files: now, template: undefined },
  };
}

function hasMigrations(files: Files): boolean {
  return Object.keys(files).some((path) => path.startsWith("db/migrations/0"));
}

/** Files of which the first that speaks of one of two columns gives it another type. */
function retyped(files: Files, folder: string): Files {
  const column = /\b(bio|title) text\b/i;
  const path = Object.keys(files)
    .toSorted()
    .find((each) => each.startsWith(folder) && column.test(files[each]!))!;
  return { ...files, [path]: files[path]!.replace(column, "$1 varchar(200)") };
}

const SHAPES: Readonly<Record<string, () => Shape | Promise<Shape>>> = {
  tutorial: () => tutorial(),
  init: () => begun(),
  adopted: async () => {
    const origin = await copy();
    await origin.query(ADOPTED);
    return await adopted(instance.url(origin.name));
  },
  "migrations only": () => migrationsOnly(),
  "schema only": () => schemaOnly(),
  squashed: async () => squashed(await begun()),
};

describe.each(Object.keys(SHAPES))("%s", (name) => {
  test("every command in every state does what a person expects, or names the one that helps", async () => {
    const all = await statesOf(await SHAPES[name]!());
    const tried: Record<string, Record<string, string>> = {};
    for (const state of STATES) {
      if (all[state] === undefined || OF_INTEREST[name]?.includes(state) === false) continue;
      const { files, template } = all[state];
      const make = async (): Promise<CellDatabase> => (template === undefined ? UNMADE : await copy(template));
      // For commands that do not change it.
      const shared = await make();
      const before = await rowsIn(shared, files);
      for (const { name: command, args, given, writes, states = () => STATES } of COMMANDS) {
        if (!states(name).includes(state)) continue;
        const database = writes === true ? await make() : shared;
        using cell = new Cell({ ...files, ...given }, database);
        const tell = async (): Promise<string> => {
          const words = await outcome(cell, args);
          // Whoever has built goes on with migrations.
          const goesOn = command === "build" && hasMigrations(files);
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
