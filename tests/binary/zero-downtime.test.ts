import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFolder, Reader, readBlocks, readSteps } from "../support/document.ts";
import { long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { PSQL, psql } from "../support/psql.ts";
import { NEWEST_ALONE, server } from "../support/servers.ts";

const EXAMPLE = join(ROOT, "examples", "03-zero-downtime-migration");

const blocks = readBlocks(await readFile(join(EXAMPLE, "README.md"), "utf8"));

// Compiling, a server, two applications.
setDefaultTimeout(300_000);

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-zero-downtime-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(NEWEST_ALONE)("the example of a change without downtime, on PostgreSQL %d", (major) => {
  long("works as it is written, under both releases", async () => {
    const instance = await server(major);
    const project = join(folder, "project");
    await cp(EXAMPLE, project, { recursive: true });
    const home = await mkdtemp(join(folder, "home-"));
    const reader = new Reader("README.md", project, {
      HOME: home,
      TZ: "UTC",
      PATH: `${await commandFolder()}:${process.env["PATH"]}`,
    });
    const environment = "db/environments/local.yaml";
    const adapted = reader
      .read(environment)!
      .replace("port: 5432", `port: ${instance.port}`)
      .replace("user: postgres", `user: ${instance.user}`)
      .replace("password: postgres", `password: ${instance.password}`);
    await reader.write(environment, adapted);
    try {
      for (const block of blocks) if (block.language === "bash") await reader.run(block);
      // What was written by the commands of the document is what the example has.
      for (const name of await readdir(join(EXAMPLE, "db/migrations"))) {
        expect(reader.read(`db/migrations/${name}`)).toBe(await readFile(join(EXAMPLE, "db/migrations", name), "utf8"));
      }
      // None of the two releases has seen an error.
      const log = await readFile(join(project, ".confiture/releases.log"), "utf8");
      expect(log).not.toMatch(/failed|error/i);
      expect(log).toContain("INSERT 0 1");
    } finally {
      for (const release of ["old", "new"]) {
        await rm(join(project, `.confiture/${release}_release_runs`), { force: true });
      }
    }
    const left = await instance.sql("select 1 from pg_database where datname = 'confiture_zero_downtime'");
    expect(left).toEqual([]);
  });
});

test.skipIf(PSQL === null)("psql runs the way up of each migration as well, to the same rows", async () => {
  const instance = await server(NEWEST_ALONE[0]);
  const database = await instance.createDatabase();
  const url = instance.url(database);
  for (const name of (await readdir(join(EXAMPLE, "db/migrations"))).toSorted()) {
    const [up = ""] = (await readFile(join(EXAMPLE, "db/migrations", name), "utf8")).split("-- migrate:down");
    expect(await psql(url, up, ["-q"])).toEqual({ exitCode: 0, stdout: "" });
    if (name.startsWith("001")) await psql(url, await readFile(join(EXAMPLE, "scripts/seed.sql"), "utf8"), ["-q"]);
  }
  const names = await psql(
    url,
    `SELECT DISTINCT format('%s|%s', first_name, coalesce(last_name, '-')) COLLATE "C" FROM users ORDER BY 1`,
    ["-At"],
  );
  expect(names.stdout.trimEnd().split("\n")).toEqual([
    "Ada|Lovelace",
    "Grace| Hopper",
    "José|Ortega y Gasset",
    "Ludwig|van Beethoven",
    "Plato|-",
    "|Anonymous",
  ]);
  await instance.dropDatabase(database);
});

describe("the example's document", () => {
  test("lists every file, and shows two of them as they are", async () => {
    const tree = blocks.find((block) => block.text.startsWith("03-zero-downtime-migration/"))!.text;
    for (const entry of await readdir(EXAMPLE, { recursive: true, withFileTypes: true })) {
      if (!entry.parentPath.includes(".confiture")) expect(tree).toContain(entry.name);
    }
    const shown = blocks.filter(({ language }) => language === "sql");
    expect(shown).toHaveLength(2);
    for (const { text, file } of shown) expect(text).toBe(await readFile(join(EXAMPLE, file!), "utf8"));
  });

  test("and the guide's: its SQL is that of the example", async () => {
    const guide = readBlocks(await readFile(join(ROOT, "docs/guides/medium-4-schema-to-schema.md"), "utf8"));
    const files = [
      ...(await readdir(join(EXAMPLE, "db/migrations"))).map((name) => `migrations/${name}`),
      "split_name.sql",
    ];
    const texts = await Promise.all(files.map((name) => readFile(join(EXAMPLE, "db", name), "utf8")));
    const sql = guide.filter(({ language }) => language === "sql");
    expect(sql.length).toBeGreaterThan(2);
    for (const { text } of sql) {
      const isThere = texts.some((written) => written.includes(text));
      expect({ text, isThere }).toEqual({ text, isThere: true });
    }
  });

  test("checks what its commands say", () => {
    const steps = blocks.filter((block) => block.language === "bash").flatMap(readSteps);
    expect(steps.filter((step) => step.expectation !== undefined).length).toBeGreaterThan(10);
  });
});
