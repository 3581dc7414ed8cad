import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KEYS } from "#config/keys.ts";
import { load, LOCAL } from "./fixture.ts";

const document = readFileSync(join(import.meta.dir, "../../../docs/formats.md"), "utf8");
const section = /^## Environment files\n([^]*?)(?=^## |(?![^]))/m.exec(document)?.[1] ?? "";
const connecting = readFileSync(join(import.meta.dir, "../../../docs/connecting.md"), "utf8");
const blocksOf = (text: string): string[] =>
  Array.from(text.matchAll(/^```yaml\n([^]*?)^```$/gm), (match) => match[1]!);
const blocks = [...blocksOf(section), ...blocksOf(connecting)];

describe("the section on environment files in docs/formats.md", () => {
  test("has examples", () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  test.each(blocks)("has an example that loads: %j", async (yaml) => {
    const config = await load({ [LOCAL]: yaml, "home/.pg_service.conf": "[shop]\nhost=localhost\n" });
    expect(Object.values(config.origins).some((origin) => origin.startsWith("db/environments/local.yaml:"))).toBe(true);
  });

  test("names every key", () => {
    for (const [name, keys] of Object.entries(KEYS)) {
      for (const key of keys) {
        const prefix =
          {
            migrations: "migrations.",
            backfill: "backfill.",
            build: "build.",
            drift: "drift.",
            scratch: "scratch.",
            limits: "limits.",
            sync: "sync.",
            include_dirs: "include_dirs[].",
          }[name] ?? "";
        expect(section).toMatch(new RegExp(`\`${RegExp.escape(prefix + key)}(?:\`|\\.|\\[\\])`));
      }
    }
  });
});
