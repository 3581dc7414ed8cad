import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { generatedDocuments } from "../../scripts/docs.ts";
import { ROOT } from "../support/postgres-binaries.ts";

const documents = await generatedDocuments();

test.each([...documents])("%s is as `npm run docs` writes it", async (path, text) => {
  expect(await readFile(join(ROOT, path), "utf8")).toBe(text);
});
