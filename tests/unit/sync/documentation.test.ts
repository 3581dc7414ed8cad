import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRules } from "#sync/rules/read.ts";
import { readBlocks } from "../../support/document.ts";
import { ROOT } from "../../support/postgres-binaries.ts";

test.each(["docs/sync.md", "docs/guides/medium-3-production-sync.md"])("the rules in %s are read", async (name) => {
  const blocks = readBlocks(await readFile(join(ROOT, name), "utf8")).filter(
    ({ language, text }) => language === "yaml" && text.startsWith("tables:"),
  );
  expect(blocks).not.toEqual([]);
  for (const { text } of blocks) {
    const { problems, tables } = await parseRules([{ file: name, text }]);
    expect(problems).toEqual([]);
    expect(tables.length).toBeGreaterThan(0);
  }
});
