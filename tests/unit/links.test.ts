import { expect, test } from "bun:test";
import { join } from "node:path";
import { brokenLinks } from "../support/document.ts";
import { ROOT } from "../support/postgres-binaries.ts";

const DOCUMENTS = ["*.md", ".github/**/*.md", "docs/**/*.md", "examples/**/*.md"].flatMap((pattern) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true })].toSorted(),
);

test("there are documents in every place that is looked at", () => {
  for (const folder of ["README", "docs/lint/", "docs/reference/", "examples/"]) {
    expect(DOCUMENTS.filter((name) => name.startsWith(folder))).not.toEqual([]);
  }
});

test.each(DOCUMENTS)("%s links to what exists", (name) => {
  expect(brokenLinks(join(ROOT, name))).toEqual([]);
});
