import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { runHere } from "../../support/in-process.ts";
import { temporaryProject } from "../../support/project.ts";

setDefaultTimeout(120_000);

const BASE = { "db/migrations/001_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, age int, name text);\n" };

async function fixed(files: Readonly<Record<string, string>>, path: string, ...args: string[]) {
  const project = await temporaryProject({ ...BASE, ...files });
  const { stdout, stderr, exitCode } = await runHere(["lint", path, "--fix", "--format", "json", ...args], {
    cwd: project.dir,
  });
  const names = readdirSync(project.path("db/migrations")).toSorted();
  return { project, document: JSON.parse(stdout) as Record<string, unknown>, stderr, exitCode, names };
}

describe("lint --fix", () => {
  test("moves an index into a migration of its own, and splits a constraint from its validation", async () => {
    const path = "db/migrations/002_more.sql";
    const { project, document, names } = await fixed(
      {
        [path]:
          "-- migrate:up\nALTER TABLE users ADD COLUMN city text;\n-- for searches\nCREATE INDEX users_city ON users (city);\n" +
          "ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0);\n-- migrate:down\nALTER TABLE users DROP CONSTRAINT users_age;\nALTER TABLE users DROP COLUMN city;\n",
      },
      path,
    );
    expect(document).toMatchObject({ exitCode: 0, changed: [path] });
    expect(names).toEqual(["001_users.sql", "002_more.sql", "003_index_users_city.sql", "004_validate_users_age.sql"]);
    expect(await project.read(path)).toBe(
      "-- migrate:up\nALTER TABLE users ADD COLUMN city text;\n-- for searches\n" +
        "ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0) NOT VALID;\n-- migrate:down\nALTER TABLE users DROP CONSTRAINT users_age;\nALTER TABLE users DROP COLUMN city;\n",
    );
    expect(await project.read("db/migrations/003_index_users_city.sql")).toContain(
      "CREATE INDEX CONCURRENTLY users_city ON users (city);",
    );
    // Up, down and up again, as the runner does it.
    const tried = await runHere(["migrate", "test", "--format", "json"], { cwd: project.dir });
    expect(JSON.parse(tried.stdout)).toMatchObject({ outcome: "proven" });
  });

  test("nothing of a moved statement stays but what is of others", async () => {
    const path = "db/migrations/003_more.sql";
    const { project, document, names } = await fixed(
      {
        "db/migrations/002_index.sql": "CREATE INDEX users_old ON users (age);\n",
        [path]: [
          "ALTER TABLE users ADD a int; CREATE INDEX i1 ON users (a);",
          "  CREATE INDEX i2 ON users (age) /* why */ ; -- trailing",
          "CREATE INDEX i3 ON users (name); /* of b */ ALTER TABLE users ADD b int;",
          "DROP INDEX users_old;",
          "CREATE INDEX i4 ON users (id); -- last\n",
        ].join("\n"),
      },
      "db/migrations",
      "--no-trace",
    );
    // The index that it drops is as new as the file.
    expect(document).toMatchObject({ exitCode: 0 });
    expect(await project.read(path)).toBe(
      "ALTER TABLE users ADD a int;\n/* of b */ ALTER TABLE users ADD b int;\nDROP INDEX users_old;\n",
    );
    const of = (index: string): string => `db/migrations/${names.find((name) => name.endsWith(`_index_${index}.sql`))}`;
    expect(await project.read(of("i2"))).toContain("ON users (age); /* why */ -- trailing\n\n-- migrate:down\n");
    expect(await project.read(of("i4"))).toContain("ON users (id); -- last\n");
  });

  test("an index that is alone in its file stays there", async () => {
    const path = "db/migrations/002_index.sql";
    const project = await temporaryProject({ ...BASE, [path]: "CREATE INDEX users_name ON users (name);\n" });
    const { stdout } = await runHere(["lint", path, "--fix"], { cwd: project.dir });
    expect(stdout).toBe(`✅ Rewrote ${path}\n✅ 1 finding rewritten, nothing is left in 1 file\n`);
    expect(readdirSync(project.path("db/migrations"))).toHaveLength(2);
    expect(await project.read(path)).toBe("CREATE INDEX CONCURRENTLY users_name ON users (name);\n");
  });

  test("what it leaves is said with its place and the reason", async () => {
    const path = "db/migrations/002_left.sql";
    const text = [
      "CREATE UNIQUE INDEX users_name ON users (name);",
      "CREATE INDEX ON users (name);",
      "ALTER TABLE users ADD CONSTRAINT users_key UNIQUE (name);",
      "ALTER TABLE users ADD CHECK (age > 0);",
      "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 1), ALTER name SET DEFAULT 'x';",
      "ALTER TABLE users ADD boss bigint CHECK (boss > 0);",
      "ALTER TABLE users ALTER age SET NOT NULL;",
      "INSERT INTO users (name) VALUES ('a') ON CONFLICT DO NOTHING;\n",
    ].join("\n");
    const { project, stderr, names } = await fixed({ [path]: text }, path, "--no-trace");
    expect(names).toHaveLength(2);
    expect(await project.read(path)).toBe(text);
    const said = stderr.split("\n").flatMap((line) => {
      const found = /002_left\.sql:(\d+) is not rewritten \((.+?)\): (.+)/.exec(line);
      return found === null ? [] : [found.slice(1)];
    });
    expect(said).toEqual([
      ["1", "index-blocks-writes", expect.stringContaining("duplicate rows could be inserted")],
      ["2", "index-blocks-writes", expect.stringContaining("has no name")],
      ["3", "unique-builds-under-lock", expect.stringContaining("duplicate rows could be inserted")],
      ["4", "check-validates-under-lock", expect.stringContaining("has no name")],
      ["5", "check-validates-under-lock", expect.stringContaining("several changes")],
      ["6", "check-validates-under-lock", expect.stringContaining("part of a new column")],
      ["7", "not-null-scans", expect.stringContaining("--stats")],
    ]);
  });

  test("a validation that comes too early gets a migration of its own", async () => {
    const path = "db/migrations/002_check.sql";
    const { document, names } = await fixed(
      {
        [path]:
          "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT c;\n",
      },
      path,
    );
    expect(document).toMatchObject({ exitCode: 0 });
    expect(names).toContain("003_validate_c.sql");
  });

  test("NOT NULL becomes NOT NULL ... NOT VALID where the database is known to take that", async () => {
    const path = "db/migrations/002_age.sql";
    const text =
      "-- migrate:up\nALTER TABLE users ALTER age SET NOT NULL;\n-- migrate:down\nALTER TABLE users ALTER age DROP NOT NULL;\n";
    const stats = (postgres: number): string =>
      JSON.stringify({ format: "confiture-stats", version: 1, taken: "", postgres, relations: [] });
    const files = { [path]: text, "18.json": stats(18), "17.json": stats(17) };
    const older = await fixed(files, path, "--stats", "17.json");
    expect(older.document).toMatchObject({ changed: [] });
    const { project, document, names } = await fixed(files, path, "--stats", "18.json");
    expect(document).toMatchObject({ exitCode: 0, changed: [path] });
    const created = "db/migrations/003_validate_users_age_not_null.sql";
    const again = await runHere(["lint", path, created, "--stats", "18.json", "--format", "json"], {
      cwd: project.dir,
    });
    const next = JSON.parse(again.stdout) as Record<string, unknown>;
    expect(next["findings"]).toMatchObject([{ rule: "breaks-old-writer" }, { rule: "fails-on-rows" }]);
    // What is left is what the next run finds, in the files that were made as well.
    expect(document).toMatchObject({ findings: next["findings"], files: [path, created] });
    expect(names).toEqual(["001_users.sql", "002_age.sql", "003_validate_users_age_not_null.sql"]);
    expect(await project.read(path)).toContain(
      "ALTER TABLE users ADD CONSTRAINT users_age_not_null NOT NULL age NOT VALID;",
    );
    const tried = await runHere(["migrate", "test", "--format", "json"], { cwd: project.dir });
    expect(JSON.parse(tried.stdout)).toMatchObject({ outcome: "proven" });
  });

  test.each([
    [
      "the way back speaks of the index",
      "-- migrate:up\nALTER TABLE users ADD COLUMN a int;\nCREATE INDEX i ON users (a);\n-- migrate:down\nDROP INDEX i;\n",
    ],
    ["a later statement does", "CREATE INDEX i ON users (name);\nCOMMENT ON INDEX i IS 'x';\n"],
    ["it has no name", "SELECT 1;\nCREATE INDEX ON users (name);\n"],
  ])("nothing is written where %s", async (_what, text) => {
    const path = "db/migrations/002_it.sql";
    const { project, document, names } = await fixed({ [path]: text }, path);
    expect(document).toMatchObject({ exitCode: 3, changed: [], created: [] });
    expect(names).toHaveLength(2);
    expect(await project.read(path)).toBe(text);
  });

  test("nothing is written where it cannot be proven", async () => {
    const path = "db/migrations/003_index.sql";
    const { project, document } = await fixed(
      {
        "db/migrations/002_broken.sql": "ALTER TABLE nowhere ADD COLUMN a int;\n",
        [path]: "CREATE INDEX i ON users (name);\n",
      },
      path,
    );
    expect(document["ok"]).toBe(false);
    expect(await project.read(path)).toBe("CREATE INDEX i ON users (name);\n");
  });

  test("it does not go with --all, which holds what is applied", async () => {
    await using project = await temporaryProject(BASE);
    expect((await runHere(["lint", "--all", "--fix"], { cwd: project.dir })).exitCode).toBe(2);
  });
});
