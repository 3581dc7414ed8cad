import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readBlocks } from "../support/document.ts";
import { runHere } from "../support/in-process.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { temporaryProject } from "../support/project.ts";

const blocksOf = (name: string) => readBlocks(readFileSync(join(ROOT, "docs/how-to", name), "utf8"));

// The embedded engine, several times.
setDefaultTimeout(120_000);

/** Every `args` of containers in a manifest, wherever it is. */
function argsIn(manifest: unknown): string[][] {
  if (Array.isArray(manifest)) return manifest.flatMap(argsIn);
  if (typeof manifest !== "object" || manifest === null) return [];
  return Object.entries(manifest).flatMap(([key, value]) => (key === "args" ? [value as string[]] : argsIn(value)));
}

test("what containers run in docs/how-to/containers.md runs, with the variable that it names", async () => {
  const blocks = blocksOf("containers.md");
  const image = blocks.find(({ language }) => language === "dockerfile")!.text;
  const commands = [
    JSON.parse(/^CMD (.*)$/m.exec(image)![1]!) as string[],
    ...blocks.filter(({ language }) => language === "yaml").flatMap(({ text }) => argsIn(parse(text))),
  ];
  expect(commands).toHaveLength(4);
  await using project = await temporaryProject({
    "db/environments/production.yaml": "database: {engine: embedded}\n",
    "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  });
  for (const args of commands) {
    const result = await runHere(args, { cwd: project.dir });
    expect({ args, ...result }).toMatchObject({ args, exitCode: 0 });
  }
});

describe("docs/how-to/managed-servers.md", () => {
  const blocks = blocksOf("managed-servers.md").filter(({ language }) => language === "yaml");

  test.each(blocks.map(({ text }) => text))("has an environment that loads: %j", async (text) => {
    await using project = await temporaryProject({ "db/environments/production.yaml": text });
    const url = "postgres://app@db.example.com/shop";
    const env = { DATABASE_URL: url, MIGRATION_DATABASE_URL: url };
    const result = await runHere(["config", "show", "--env", "production"], { cwd: project.dir, env });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain("db.example.com");
  });
});
