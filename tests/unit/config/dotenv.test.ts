import { describe, expect, test } from "bun:test";
import { parseDotenv } from "#config/dotenv.ts";
import { mkdir } from "node:fs/promises";
import { loadConfig } from "#config/load.ts";
import { temporaryProject } from "../../support/project.ts";
import { failure, load, LOCAL, server } from "./fixture.ts";

describe(".env", () => {
  test.each([
    ["A=b", "b"],
    ["A = b", "b"],
    ["  A=b  ", "b"],
    ["export A=b", "b"],
    ["A=", ""],
    ["A=b c", "b c"],
    ["A=b # comment", "b"],
    ["A=b#c", "b#c"],
    ["A=# comment", ""],
    ["A=b=c", "b=c"],
    ["A='b # c'", "b # c"],
    ["A='b' # comment", "b"],
    ["A='a\\nb'", "a\\nb"],
    ["A='${HOME} $(id) `id`'", "${HOME} $(id) `id`"],
    ['A="${HOME} $(id) `id`"', "${HOME} $(id) `id`"],
    ["A=$(id)", "$(id)"],
    ['A="a\\nb"', "a\nb"],
    ['A="a\\"b\\\\c\\$d"', 'a"b\\c$d'],
    ['A="a\nb"', "a\nb"],
    ["A='a\nb'", "a\nb"],
    ["A=it's", "it's"],
    ["A=1\nA=2", "2"],
    ["\r\n# x\r\nA=b\r\n", "b"],
  ])("%j gives A the value %j", (text, value) => {
    expect(parseDotenv(text).findLast(({ name }) => name === "A")?.value).toBe(value);
  });

  test("counts lines over multi-line values", () => {
    expect(parseDotenv("A='1\n2\n3'\n\nB=x")).toEqual([
      { name: "A", value: "1\n2\n3", line: 1 },
      { name: "B", value: "x", line: 5 },
    ]);
  });

  test.each([
    ["X=1\njust words", 2],
    ["X=1\n=s3cret", 2],
    ["X=1\n1A=s3cret", 2],
    ["X=1\nA='s3cret\nB=2\n", 2],
    ['X=1\nA="s3cret" and more', 2],
  ])("%j is refused with the line and without the value", async (text, line) => {
    const error = await failure(load({ [LOCAL]: "", ".env": text }));
    expect(error.code).toBe("config_syntax");
    expect(error.location).toEqual({ file: ".env", line });
    expect(error.message + error.hint).not.toContain("s3cret");
  });

  test("fills in variables of the environment file", async () => {
    const config = await load({ [LOCAL]: "database:\n  host: ${DB}\n", ".env": "\uFEFFDB=from-file\r\n" });
    expect(server(config).host).toBe("from-file");
    expect(config.origins["database.host"]).toBe(`${LOCAL}:2 (.env:1 DB)`);
  });

  test("never overrides a real variable, not even an empty one", async () => {
    const files = { [LOCAL]: "migrations:\n  dir: x${DB}\n", ".env": "DB=file" };
    expect((await load(files, { env: { DB: "real" } })).migrations.dir).toBe("xreal");
    expect((await load(files, { env: { DB: "" } })).migrations.dir).toBe("x");
  });

  test("gives libpq's variables as well", async () => {
    const config = await load({ [LOCAL]: "", ".env": "\nPGHOST=pg\n" });
    expect(server(config).host).toBe("pg");
    expect(config.origins["database.host"]).toBe(".env:2 PGHOST");
  });

  test("that is not UTF-8 is refused with the line", async () => {
    const error = await failure(load({ [LOCAL]: "", ".env": Uint8Array.from([0x41, 0x3d, 0x0a, 0xff]) }));
    expect(error).toMatchObject({ code: "config_unreadable", location: { file: ".env", line: 2 } });
  });

  test("that is a folder is no .env", async () => {
    await using project = await temporaryProject({ [LOCAL]: "" });
    await mkdir(project.path(".env"));
    const config = await loadConfig({ projectDir: project.dir, env: {}, homeDirectory: "", userName: "u" });
    expect(config.environment).toBe("local");
  });
});
