import { afterAll, beforeAll, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Reader, readBlocks } from "../support/document.ts";
import { few, long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { residentFolder } from "../support/resident.ts";

/** Documents whose commands someone can follow in an empty folder, without a server. */
const DOCUMENTS = [
  "docs/developing.md",
  "docs/guides/medium-1-build-from-ddl.md",
  "docs/guides/medium-2-incremental-migrations.md",
  "docs/guides/migration-decision-tree.md",
  "docs/how-to/monorepo.md",
  "docs/linting.md",
  "docs/organizing-sql-files.md",
  "docs/using-the-database.md",
];

/** Folders with a README that someone can follow in a copy of them, without a server. */
const EXAMPLES = ["examples/02-fraiseql-integration", "examples/04-production-sync-anonymization"];

// Compiling, and many processes in a row.
setDefaultTimeout(300_000);

let folder = "";
let commands: Awaited<ReturnType<typeof residentFolder>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-guides-"));
  commands = await residentFolder();
});

afterAll(async () => {
  // What the last document ended may still be on its way out.
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  await commands[Symbol.asyncDispose]();
});

test.each(few(2, DOCUMENTS))("%s is right from its first command to its last", async (name) => {
  await follow(name, await mkdtemp(join(folder, "empty-")));
});

long.each(EXAMPLES)("%s is right from its first command to its last", async (name) => {
  const cwd = await mkdtemp(join(folder, "example-"));
  await cp(join(ROOT, name), cwd, { recursive: true });
  await follow(join(name, "README.md"), cwd);
});

async function follow(name: string, cwd: string): Promise<void> {
  const reader = new Reader(name, cwd, { HOME: cwd, TZ: "UTC", PATH: `${commands.path}:${process.env["PATH"]}` });
  for (const block of readBlocks(await readFile(join(ROOT, name), "utf8"))) {
    if (block.language === "bash") await reader.run(block);
    else if (block.file !== undefined) await reader.write(block.file, block.text);
  }
}
