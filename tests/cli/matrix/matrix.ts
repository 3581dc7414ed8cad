import { afterAll, beforeAll, expect, test } from "bun:test";
import { ALL } from "../../support/long.ts";
import { server, type TestServer } from "../../support/servers.ts";
import { Cell, type CellDatabase, expectNothingLost, outcome } from "./cell.ts";
import { type Files, type Shape, succeed } from "./shapes.ts";
import { expectedIn, inStates, readTable, showTable } from "./table.ts";

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

/** Those that the check tries, which has not the time for all. */
const IN_SHORT: readonly State[] = ["built", "behind"];

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
    // What was never built is asked once, in the embedded engine, which is emptied faster.
    states: (shape) =>
      ASKS_THE_DATABASE.has(shape) ? STATES.filter((each) => each !== "fresh") : ["built", "by hand", ...EDITED],
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

const isShown = process.env["CONFITURE_MATRIX"] === "show";

let instance: TestServer;
const databases: string[] = [];

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
  await instance.sql(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
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

/**
 * Declares the test of a shape, in a file of its own, so that several run at the same time.
 * @param make is given a way to have SQL run in a database of its own, which returns its URL
 * @param table what every command comes to in every state; `CONFITURE_MATRIX=show` prints it anew.
 *   `code: step > what the step came to > what the command then comes to`, where a command is refused. States are what a
 *   person has before him: `behind`, a database without the last migration; `ahead`, files without it (another branch was
 *   checked out); `merged`, files with a migration of another branch that is older than the last one applied; `migration
 *   edited` and `schema edited`, files in which a type is another since; `embedded`, nothing yet, in the embedded engine
 */
export function tryEveryCell(
  name: string,
  make: (origin: (sql: string) => Promise<string>) => Shape | Promise<Shape>,
  table: string,
): void {
  beforeAll(async () => {
    instance = await server(18);
  });
  afterAll(async () => {
    for (const each of databases) await instance.dropDatabase(each);
  });

  test(`${name}: every command in every state does what a person expects, or names the one that helps`, async () => {
    const all = await statesOf(await make(origin));
    const wanted = STATES.filter(
      (state) =>
        all[state] !== undefined && OF_INTEREST[name]?.includes(state) !== false && (ALL || IN_SHORT.includes(state)),
    );
    const tried: Record<string, Record<string, string>> = {};
    let next = prepare(all[wanted[0]!]!.template);
    for (const [index, state] of wanted.entries()) {
      const { files } = all[state]!;
      const { shared, own } = await next;
      const following = wanted[index + 1];
      // The server copies while the commands run here.
      if (following !== undefined) next = prepare(all[following]!.template);
      const before = await rowsIn(shared, files);
      for (const { name: command, args, given, writes, states = () => STATES } of COMMANDS) {
        if (!states(name).includes(state)) continue;
        const database = writes === true ? own.pop()! : shared;
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
    if (isShown) console.log(showTable(tried));
    else expect(tried).toEqual(expectedIn(ALL ? readTable(table) : inStates(wanted, readTable(table)), tried));
  }, 600_000);
}

async function origin(sql: string): Promise<string> {
  const database = await copy();
  await database.query(sql);
  return instance.url(database.name);
}

/** The databases of a state: one for the commands that do not change it, and one for each that does. */
async function prepare(template: string | undefined): Promise<{ shared: CellDatabase; own: CellDatabase[] }> {
  const make = (): Promise<CellDatabase> => (template === undefined ? Promise.resolve(UNMADE) : copy(template));
  const [shared, ...own] = await Promise.all([
    make(),
    ...COMMANDS.flatMap(({ writes }) => (writes === true ? [make()] : [])),
  ]);
  return { shared, own };
}

async function rowsIn(database: CellDatabase, files: Files) {
  using cell = new Cell(files, database);
  return await cell.rows();
}
