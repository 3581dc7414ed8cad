import { describe, expect, test } from "bun:test";
import { failure, loadYaml, LOCAL, server } from "./fixture.ts";

describe("YAML", () => {
  test.each([
    ["database:\n  host: a\n  host: b\n", 3, 3, "twice"],
    ["database:\n\thost: a\n", 2, 1, "tabs"],
    ["name: local\n---\nname: local\n", 2, 1, "second YAML document"],
    ["database:\n    host: a\n  port: 1\n", 3, undefined, ""],
    ["database:\n  host: a: b\n", 2, undefined, "quotes"],
    ["exclude_dirs: [a\nprotected: true\n", 1, 15, "This [ is not closed"],
    ["database: { url: '{', host: { a: b }\nprotected: true\n", 1, 11, "Write } where"],
    ["migrations:\n  dir: 'x\n", 2, 8, "This ' is not closed"],
    ["migrations:\n  dir: 'it''s\nexclude_dirs: [a]\n", 2, 8, "Write ' where"],
    ['migrations:\n  dir: "x\n  table: "y"\nname: local\n', 2, 8, 'This " is not closed'],
    ['exclude_dirs: ["a, b]\nname: local\n', 1, 16, 'Write " where'],
    ['name: "a\n  b: c"\nexclude_dirs: [a\n', 3, 15, "This [ is not closed"],
    ["migrations:\n  dir: !foo x\n", 2, undefined, "Tags"],
    ["migrations:\n  dir: !!int 5\n", 2, undefined, "Tags"],
    ["migrations:\n  dir: *nowhere\n", 2, 8, "alias"],
    ["migrations:\n  dir: &unused x\n", 2, undefined, "never used"],
    ["? [a]\n: b\n", 1, undefined, "key"],
  ])("%j is refused with the place", async (yaml, line, column, words) => {
    const error = await failure(loadYaml(yaml));
    expect(error.code).toBe("config_syntax");
    expect(error.location?.file).toBe(LOCAL);
    expect(error.location?.line).toBe(line);
    if (column !== undefined) expect(error.location?.column).toBe(column);
    expect(`${error.message} ${error.hint}`).toContain(words);
    expect(error.exitCode).toBe(4);
  });

  test("text after the end of the document is not dropped", async () => {
    const error = await failure(loadYaml("name: local\n...\nprotected: true\n"));
    expect(error.code).toBe("config_syntax");
  });

  test("a file that is a list or a word is refused", async () => {
    for (const yaml of ["- a\n", "hello\n", "42\n"]) {
      const error = await failure(loadYaml(yaml));
      expect(error.code).toBe("config_invalid");
      expect(error.location).toMatchObject({ line: 1, column: 1 });
    }
  });

  test("anchors, aliases and merges work", async () => {
    const config = await loadYaml(`
migrations: &m
  dir: &folder db/migrations2
  lock_wait: 1s
exclude_dirs: [*folder]
build:
  <<: {reset_between_files: false}
  reset_between_files: true
`);
    expect(config.migrations.dir).toBe("db/migrations2");
    expect(config.excludeDirs).toEqual(["db/migrations2"]);
    expect(config.build.resetBetweenFiles).toBe(true);
  });

  test("a merge adds the keys that are missing, the first map first", async () => {
    const config = await loadYaml(`
database:
  <<:
    - {user: one, port: 1}
    - {user: two, host: h}
  port: 2
`);
    expect(server(config)).toMatchObject({ user: "one", port: 2, host: "h" });
  });

  test("a merge of something else is refused", async () => {
    const error = await failure(loadYaml("database:\n  <<: word\n"));
    expect(error).toMatchObject({ code: "config_syntax", location: { line: 2 } });
  });

  test("aliases of aliases do not multiply", async () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 30; level++) {
      const item = `*a${level - 1}`;
      lines.push(`a${level}: &a${level} [${Array(10).fill(item).join(", ")}]`);
    }
    const error = await failure(loadYaml(lines.join("\n")));
    expect(error.code).toBe("config_unknown_key");
  });

  test("an alias of the collection around it is refused", async () => {
    const error = await failure(loadYaml("exclude_dirs: &a [*a]\n"));
    expect(error).toMatchObject({ code: "config_syntax", location: { line: 1 } });
  });

  test("deep nesting is refused in reasonable time", async () => {
    for (const opening of ["[", "{a: ", "- ", "? "]) {
      const error = await failure(loadYaml(opening.repeat(60_000 / opening.length)));
      expect(error.code).toBe("config_syntax");
    }
  });

  test("the parser is not loaded when no file has to be read", async () => {
    const script = `
      import { loadConfig } from "#config/load.ts";
      await loadConfig({ projectDir: process.cwd(), databaseUrl: "postgres://h/d", env: {}, homeDirectory: "", userName: "u" });
      if (Object.keys(require.cache).some((path) => /node_modules.yaml/.test(path))) throw new Error("yaml is loaded");
      await import("yaml");
      if (!Object.keys(require.cache).some((path) => /node_modules.yaml/.test(path))) throw new Error("the check is blind");
    `;
    const root = `${import.meta.dir}/../../..`;
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: root, stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toBe("");
    expect(await child.exited).toBe(0);
  });
});
