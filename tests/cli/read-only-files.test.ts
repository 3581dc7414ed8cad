import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";

setDefaultTimeout(120_000);

const USERS = "CREATE TABLE users (id int);\n";
const FILES = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  "db/schema/users.sql": USERS,
  "db/migrations/base.sql": USERS,
  "db/migrations/001_bio.sql":
    "-- migrate:up\nALTER TABLE users ADD COLUMN bio text;\n\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;\n",
  "out.sql": "-- The schema of this project, assembled from 2 files by confiture build.\n",
  "now.sql": '{\n  "format": "confiture-snapshot"\n}\n',
};

const COMMANDS: readonly (readonly [name: string, args: readonly string[], refused: readonly string[]])[] = [
  ["schema update", ["schema", "update", "--yes"], ["db/schema/users.sql"]],
  [
    "migrate squash",
    ["migrate", "squash", "--through", "001"],
    ["db/migrations/base.sql", "db/migrations/001_bio.sql"],
  ],
  ["migrate base", ["migrate", "base", "--force"], ["db/migrations/base.sql"]],
  ["build --output", ["build", "--output", "out.sql"], ["out.sql"]],
  ["snapshot", ["snapshot", "schema", "--output", "now.sql"], ["now.sql"]],
  ["lint --fix", ["lint", "--fix"], ["db/migrations/001_bio.sql"]],
];

test.each(COMMANDS)(
  "%s refuses to write over a file that is write-protected, and says how it may",
  async (_, args, refused) => {
    await using project = await temporaryProject(FILES);
    if (args[0] === "lint") await project.write("db/migrations/001_bio.sql", "CREATE INDEX users_id ON users (id);\n");
    if (args[1] === "squash") await project.write("db/schema/users.sql", "CREATE TABLE users (id int, bio text);\n");
    for (const path of Object.keys(FILES)) chmodSync(project.path(path), 0o444);
    const state = async (): Promise<unknown> => {
      const paths = readdirSync(project.dir, { recursive: true, encoding: "utf8" }).filter((path) =>
        path.endsWith(".sql"),
      );
      return await Promise.all(paths.toSorted().map(async (path) => [path, await project.read(path)]));
    };
    const before = await state();
    const { exitCode, stderr } = await runHere(args, { cwd: project.dir });
    expect(stderr).toContain(`Cannot write ${refused[0]!}: it is read-only`);
    expect(stderr).toMatch(/Nothing was written\. If it may be changed: (?:chmod u\+w|attrib -r) /);
    expect(stderr).toContain(` ${refused.join(" ")}\n`);
    expect(exitCode).toBe(1);
    expect(await state()).toEqual(before);

    // What may be written keeps who may read and write it.
    for (const path of refused) chmodSync(project.path(path), 0o664);
    expect((await runHere(args, { cwd: project.dir })).exitCode).toBe(0);
    const written = statSync(project.path(refused[0]!));
    if (process.platform !== "win32") expect(written.mode & 0o777).toBe(0o664);
    expect(await state()).not.toEqual(before);
  },
);
