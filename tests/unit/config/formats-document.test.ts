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

  test("names every command that asks on a protected environment", () => {
    const root = join(import.meta.dir, "../../../src/cli/commands");
    const asking = [...new Bun.Glob("**/*.ts").scanSync({ cwd: root })]
      .filter((file) => /requirePermission\(context|config\.protected \?/.test(readFileSync(join(root, file), "utf8")))
      .map((file) => file.replace(/\.ts$/, "").replaceAll(/[/\\]/g, " "));
    expect(asking.length).toBeGreaterThan(10);
    const part = /^### Protected environments\n([^]*?)^Whatever else/m.exec(section)?.[1] ?? "";
    const rows = part.split("\n").map((line) => line.split("|")[1] ?? "");
    expect(asking.filter((command) => !rows.some((row) => new RegExp(`\`${command}[ \`]`).test(row)))).toEqual([]);
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
