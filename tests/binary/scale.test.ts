import { describe, expect, test } from "bun:test";
import { executableProject } from "../cli/project.ts";
import { readDocument } from "../cli/document.ts";
import { BINARY, peakMemory } from "../support/cli.ts";

/** A statement of about 150 bytes, as a dump has them. */
const filler = (index: number): string => `INSERT INTO big VALUES (${index}, 'é ${"x".repeat(110)}');\n`;

describe("1,000 migrations", () => {
  test("up, status and up again", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `db/migrations/${index + 1}_step.sql`,
        `-- migrate:up\nCREATE TABLE t${index + 1} ();\n-- migrate:down\nDROP TABLE t${index + 1};\n`,
      ]),
    );
    await using project = await executableProject(files);
    const up = await project.succeed(["migrate", "up", "--format", "json"]);
    const { migrations } = readDocument(up) as unknown as { migrations: { version: string; outcome: string }[] };
    expect(migrations.map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
    expect(migrations.every(({ outcome }) => outcome === "done")).toBeTrue();
    const status = await project.succeed(["migrate", "status", "--all"]);
    expect(status.stdout.split("\n")).toHaveLength(1001);
    expect((await project.succeed(["migrate", "up"])).stderr).toEndWith("No pending migrations\n");
    await project.succeed(["migrate", "down", "--steps", "100", "-q"]);
    expect(await project.query("SELECT count(*)::int AS rest FROM confiture_migrations")).toEqual([{ rest: 900 }]);

    // `| head -1` stops reading long before the end: no error, no stack.
    const head = await project.run(
      ["-c", `{ "$0" migrate status --format json; echo "exit $?" >&2; } | head -1`, BINARY],
      { binary: "/bin/sh" },
    );
    expect(head).toEqual({ exitCode: 0, stdout: "{\n", stderr: expect.stringMatching(/^Database: .*\nexit 0\n$/) });
  });
});

describe("large schema files", () => {
  test("8 MB in one file builds, and an error at its end is placed", async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => filler(index)).join("");
    const text = `CREATE TABLE big (id int, text text);\n${rows}`;
    expect(Buffer.byteLength(text)).toBeGreaterThan(8_000_000);
    await using project = await executableProject({ "db/schema/large.sql": text });
    await project.succeed(["build"]);
    expect(await project.query("SELECT count(*)::int, max(id) FROM big")).toEqual([{ count: 60_000, max: 59_999 }]);
    await project.write("db/schema/large.sql", `${text}SELECT nope;\n`);
    const failed = await project.run(["build", "--fresh"]);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("--> db/schema/large.sql:60002:8\n");
    expect(await project.query("SELECT count(*)::int FROM big")).toEqual([{ count: 60_000 }]);
  });
});

describe.if(process.platform === "linux")(
  "COPY data passes through, however much there is: memory does not grow with it",
  () => {
    /** A schema file with a row of about 130 bytes for each. */
    const schema = (rows: number): string => {
      const lines = Array.from({ length: rows }, (_, index) => `${index}\t${"é".repeat(60)}\n`);
      return `CREATE TABLE big (id int, text text);\nCOPY big FROM stdin;\n${lines.join("")}\\.\n`;
    };

    test("to a server", async () => {
      await using project = await executableProject({ "db/schema/data.sql": schema(600_000) });
      const child = Bun.spawn([BINARY, "build", "-q"], { cwd: project.dir, stdout: "ignore", stderr: "inherit" });
      const peak = await peakMemory(child);
      expect(child.exitCode).toBe(0);
      expect(peak).toBeWithin(2 ** 20, 140 * 2 ** 20);
      expect(await project.query("SELECT count(*)::int, max(length(text)) FROM big")).toEqual([
        { count: 600_000, max: 60 },
      ]);
    });

    test("to a folder of the embedded engine", async () => {
      await using project = await executableProject({
        "db/environments/local.yaml": "database:\n  engine: embedded\n",
        "db/schema/data.sql": `${schema(330_000)}SELECT 1 / (count(*) - 330000 + 1) FROM big;\n`,
      });
      const child = Bun.spawn([BINARY, "build", "-q"], { cwd: project.dir, stdout: "ignore", stderr: "inherit" });
      const peak = await peakMemory(child);
      expect(child.exitCode).toBe(0);
      expect(peak).toBeWithin(2 ** 20, 330 * 2 ** 20);
    });
  },
);

test.if(process.platform === "linux")(
  "schema files that are built again into the embedded database that holds them start no second engine",
  async () => {
    await using project = await executableProject({
      "db/environments/local.yaml": "database:\n  engine: embedded\n",
      "db/schema/users.sql": "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, age int);\n",
    });
    const peakOfBuild = async (): Promise<number> => {
      const child = Bun.spawn([BINARY, "build", "-q"], { cwd: project.dir, stdout: "ignore", stderr: "inherit" });
      const peak = await peakMemory(child);
      expect(child.exitCode).toBe(0);
      return peak;
    };
    const peakOfFirst = await peakOfBuild();
    await project.succeed(["build"]);
    // Rows are no difference.
    await project.succeed(["db", "sql", "INSERT INTO users VALUES (1, 2)"]);
    expect(await peakOfBuild()).toBeWithin(2 ** 20, 1.3 * peakOfFirst);

    // What was found before says nothing of another database, or of other files.
    await project.succeed(["db", "sql", "ALTER TABLE users DROP age"]);
    expect((await project.run(["build"])).stderr).toMatch(/lacks some of what .*\n.*public\.users\n.*- column age/);
    await project.succeed(["db", "sql", "ALTER TABLE users ADD age int"]);
    expect((await project.succeed(["build"])).stderr).not.toContain("lacks some");
    await project.write("db/schema/users.sql", "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, age text);\n");
    expect((await project.run(["build"])).stderr).toMatch(/lacks some of what .*\n.*public\.users\n.*~ column age/);
  },
  120_000,
);

test.if(process.platform === "linux")(
  "a migration of one long INSERT is planned in little memory",
  async () => {
    await using project = await executableProject({
      "db/migrations/1_table.sql":
        "CREATE TABLE orgs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);\n",
    });
    await project.succeed(["migrate", "up"]);
    const rows = Array.from({ length: 110_000 }, (_, n) => `('org number ${n} with some more text to fill it up')`);
    await project.write(
      "db/migrations/2_rows.sql",
      `INSERT INTO orgs (name) VALUES\n${rows.join(",\n")};\nALTER TABLE orgs ADD a int;\nCREATE INDEX ON orgs (a);\n`,
    );
    const child = Bun.spawn([BINARY, "migrate", "plan"], { cwd: project.dir, stdout: "ignore", stderr: "inherit" });
    const peak = await peakMemory(child);
    expect(child.exitCode).toBe(0);
    expect(peak).toBeWithin(2 ** 20, 600 * 2 ** 20);
  },
  180_000,
);

test.if(process.platform === "linux")(
  "a migration of many UPDATEs is judged in little memory and time",
  async () => {
    const updates = Array.from({ length: 20_000 }, (_, n) => `UPDATE orgs SET name = 'org ${n}' WHERE id = ${n};\n`);
    await using project = await executableProject({
      "db/migrations/1_table.sql": "CREATE TABLE orgs (id bigint PRIMARY KEY, name text);\n",
      "db/migrations/2_rows.sql": updates.join(""),
    });
    const child = Bun.spawn([BINARY, "lint"], { cwd: project.dir, stdout: "ignore", stderr: "inherit" });
    const peak = await peakMemory(child);
    expect(child.exitCode).toBe(0);
    expect(peak).toBeWithin(2 ** 20, 600 * 2 ** 20);
  },
  60_000,
);

describe("the assembled script", () => {
  const FILES = Object.fromEntries(
    Array.from({ length: 20 }, (_, file) => [
      `db/schema/${file}/part.sql`,
      Array.from({ length: 800 }, (_row, index) => filler(index)).join(""),
    ]),
  );

  test("is the same bytes every time, in a file and through a pipe, whole", async () => {
    await using project = await executableProject(FILES);
    const piped = await project.succeed(["build", "--output", "-"]);
    expect(Buffer.byteLength(piped.stdout)).toBeGreaterThan(2_000_000);
    await project.succeed(["build", "--output", "one.sql"]);
    await project.succeed(["build", "--output", "two.sql"], { env: { TZ: "Asia/Tokyo", LC_ALL: "tr_TR.UTF-8" } });
    expect((await project.read("one.sql")) === piped.stdout).toBeTrue();
    expect((await project.read("two.sql")) === piped.stdout).toBeTrue();
  });

  test("is the same bytes from another folder", async () => {
    await using project = await executableProject(FILES);
    await using other = await executableProject(FILES, { name: "elsewhere" });
    const [here, there] = await Promise.all([project, other].map((each) => each.succeed(["build", "-o", "-"])));
    expect(here?.stdout === there?.stdout).toBeTrue();
  });

  test("arrives whole when the reader is slow", async () => {
    await using project = await executableProject(FILES);
    const whole = await project.succeed(["build", "--output", "-"]);
    const slow = await project.run(["-c", `"$0" build -q --output - | { sleep 1; cat; }`, BINARY], {
      binary: "/bin/sh",
    });
    expect(slow.stdout === whole.stdout).toBeTrue();
  });

  test("may be left unread", async () => {
    await using project = await executableProject(FILES);
    const head = await project.run(
      ["-c", `{ "$0" build -q -o -; echo "exit $?" >&2; } | head -1 > /dev/null`, BINARY],
      {
        binary: "/bin/sh",
      },
    );
    expect(head).toEqual({ exitCode: 0, stdout: "", stderr: "exit 0\n" });
  });
});
