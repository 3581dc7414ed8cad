import { setDefaultTimeout, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { commandFolder, Reader, readBlocks } from "../support/document.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { temporaryProject } from "../support/project.ts";

const DOCUMENT = join(ROOT, "docs", "using-the-database.md");

// Compiling, and many starts of the embedded engine.
setDefaultTimeout(300_000);

test("docs/using-the-database.md is right from its first command to its last", async () => {
  const commands = await commandFolder();
  await using project = await temporaryProject();
  const reader = new Reader("docs/using-the-database.md", project.dir, {
    HOME: project.dir,
    TZ: "UTC",
    PATH: `${commands}:${process.env["PATH"]}`,
  });
  for (const block of readBlocks(await readFile(DOCUMENT, "utf8"))) {
    if (block.file !== undefined) await reader.write(block.file, block.text);
    else await reader.run(block);
  }
  await rm(commands, { recursive: true });
});
