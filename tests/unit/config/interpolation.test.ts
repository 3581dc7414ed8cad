import { describe, expect, test } from "bun:test";
import { failure, loadYaml, LOCAL, server } from "./fixture.ts";

const folder = async (text: string, env: Record<string, string> = {}): Promise<string> =>
  (await loadYaml(`migrations:\n  dir: ${text}\n`, { env })).migrations.dir;

describe("interpolation", () => {
  test.each([
    ["${A}", { A: "x" }, "x"],
    ["a/${A}/b", { A: "x" }, "a/x/b"],
    ["${A}${B}", { A: "x", B: "y" }, "xy"],
    ["${A:-d}", {}, "d"],
    ["${A:-d}", { A: "" }, "d"],
    ["${A:-d}", { A: "x" }, "x"],
    ["x${A:-}", {}, "x"],
    ["${A:?say}", { A: "x" }, "x"],
    ["x${A}", { A: "" }, "x"],
    ["'${A}'", { A: "x" }, "x"],
    ['"${A}"', { A: "x" }, "x"],
    ["${A:-a b}", {}, "a b"],
    ["a$b", {}, "a$b"],
    ["$A", { A: "x" }, "$A"],
    ["a$$b$", {}, "a$$b$"],
    ["$${A}", { A: "x" }, "${A}"],
    ["$${A}${A}", { A: "x" }, "${A}x"],
    ["$$${A}", { A: "x" }, "$${A}"],
    ["${D:-$}${A}", { A: "x" }, "$x"],
    ["${A}", { A: "${B}", B: "no" }, "${B}"],
    ["${A}", { A: "a: [b" }, "a: [b"],
    ["'#{}'", {}, "#{}"],
  ])("%s with %j is %j", async (text, env, expected) => {
    expect(await folder(text, env as Record<string, string>)).toBe(expected);
  });

  test("works in list items, in nested maps and for numbers and booleans", async () => {
    const config = await loadYaml(
      `
database:
  port: \${PORT}
include_dirs:
  - \${ROOT}/schema
  - path: \${ROOT}/extra
    recursive: \${DEEP}
    include: ["\${PATTERN}"]
protected: \${PROTECTED:-true}
`,
      { env: { PORT: "6000", ROOT: "sql", DEEP: "false", PATTERN: "v*.sql" } },
    );
    expect(server(config).port).toBe(6000);
    expect(config.includeDirs[0]?.path).toBe("sql/schema");
    expect(config.includeDirs[1]).toMatchObject({ path: "sql/extra", recursive: false, include: ["v*.sql"] });
    expect(config.protected).toBe(true);
  });

  test("of an unset variable names it, the place and the nearest variable", async () => {
    const env = { DATABASE_HOST: "x" };
    const error = await failure(loadYaml("database:\n  host: db-${DATABASE_HOTS}.example.com\n", { env }));
    expect(error.code).toBe("config_unset_variable");
    expect(error.message).toContain("DATABASE_HOTS");
    expect(error.hint).toBe("Did you mean DATABASE_HOST?");
    expect(error.location).toMatchObject({ file: LOCAL, line: 2, column: 12 });
    expect(error.exitCode).toBe(4);
  });

  test("places an error inside quotes too", async () => {
    const error = await failure(loadYaml('database:\n  host: "db-${NONE}"\n'));
    expect(error.location).toMatchObject({ line: 2, column: 13 });
  });

  test("of ${NAME:?message} shows the message, also when the variable is empty", async () => {
    for (const env of [{}, { A: "" }]) {
      const error = await failure(loadYaml("migrations:\n  dir: ${A:?ask the operators}\n", { env }));
      expect(error.code).toBe("config_unset_variable");
      expect(error.message).toBe("The variable A is not set: ask the operators");
    }
  });

  test("that is never closed is refused", async () => {
    const error = await failure(loadYaml("migrations:\n  dir: a/${A\n"));
    expect(error).toMatchObject({ code: "config_invalid", location: { line: 2, column: 10 } });
    expect(error.hint).toContain("$${");
  });

  test.each(["${}", "${1A}", "${A-b}", "${A:b}", "${A b}", "${A:=b}", "${A:-${B}}"])(
    "of the unknown form %s is refused",
    async (text) => {
      const error = await failure(loadYaml(`migrations:\n  dir: ${text}\n`, { env: { A: "x", B: "y" } }));
      expect(error).toMatchObject({ code: "config_invalid", location: { line: 2 } });
    },
  );

  test("never shows the value of a variable that turns out wrong", async () => {
    const env = { WRONG: "s3cret" };
    const yaml = "database:\n  port: ${WRONG}\n";
    const error = await failure(loadYaml(yaml, { env }));
    expect(error.code).toBe("config_invalid");
    expect(JSON.stringify(error) + error.message + error.hint).not.toContain("s3cret");
    expect(error.location?.sourceLine).toBe("  port: ${WRONG}");
  });

  test("does not reach keys", async () => {
    const error = await failure(loadYaml("${A}: x\n", { env: { A: "protected" } }));
    expect(error.code).toBe("config_unknown_key");
  });
});
