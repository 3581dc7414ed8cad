import { describe, expect, test } from "bun:test";
import { failure, load, loadYaml, LOCAL, printed, server } from "./fixture.ts";

const TUTORIAL = `name: local
database:
  host: localhost
  port: 5432
  database: confiture_tutorial
  user: postgres
  password: postgres

include_dirs:
  - db/schema

exclude_dirs: []
`;

describe("an environment file", () => {
  test("of the tutorial loads as it is", async () => {
    const config = await loadYaml(TUTORIAL);
    expect(config.environment).toBe("local");
    expect(config.file).toBe(LOCAL);
    expect(server(config)).toMatchObject({
      engine: "server",
      host: "localhost",
      port: 5432,
      database: "confiture_tutorial",
      user: "postgres",
      tls: { mode: "prefer" },
      connectTimeout: 10_000,
      applicationName: "confiture",
    });
    expect(server(config).password?.reveal()).toBe("postgres");
    expect(config.includeDirs.map(({ path }) => path)).toEqual(["db/schema"]);
    expect(config.excludeDirs).toEqual([]);
  });

  test("that is empty gives every default", async () => {
    for (const yaml of ["", "\n", "# nothing yet\n", "---\n", "database:\nmigrations: ~\ninclude_dirs: null\n"]) {
      const config = await loadYaml(yaml);
      expect(config.includeDirs).toEqual([{ path: "db/schema", recursive: true, include: ["**/*.sql"], exclude: [] }]);
      expect(config.excludeDirs).toEqual([]);
      expect(config.migrations).toEqual({
        dir: "db/migrations",
        layout: "auto",
        table: "confiture_migrations",
        lockWait: 30_000,
        lockTimeout: 5_000,
        concurrentlyLockTimeout: 0,
        statementTimeout: 0,
        contract: "auto",
        names: "qualified",
      });
      expect(config.build).toEqual({ order: "path", resetBetweenFiles: false });
      expect(config.protected).toBe(false);
      expect(server(config)).toMatchObject({ host: "localhost", port: 5432, user: "alice", database: "alice" });
    }
  });

  test("sets everything that the format has", async () => {
    const config = await loadYaml(`
database:
  host: db.example.com
  port: 6543
  database: shop
  user: deploy
  sslmode: verify-full
  sslrootcert: certs/ca.pem
  sslcert: /etc/shop/client.crt
  sslkey: ~/client.key
  connect_timeout: 3
  application_name: deploys
  options: -c statement_timeout=5min
include_dirs:
  - db/schema
  - path: db/extra
    recursive: false
    include: ["*.sql"]
    exclude: [draft_*.sql]
exclude_dirs:
  - db/schema/old
migrations:
  dir: migrations
  table: ops.history
  lock_wait: 2min
  lock_timeout: 500ms
  concurrently_lock_timeout: 10min
  statement_timeout: 1h
  names: short
build:
  order: dependencies
  reset_between_files: true
protected: true
`);
    const { projectDir } = config;
    expect(server(config)).toEqual({
      engine: "server",
      host: "db.example.com",
      origin: "db/environments/local.yaml:3",
      port: 6543,
      database: "shop",
      user: "deploy",
      tls: {
        mode: "verify-full",
        rootCert: `${projectDir}/certs/ca.pem`,
        cert: "/etc/shop/client.crt",
        key: `${projectDir}/home/client.key`,
      },
      connectTimeout: 3_000,
      applicationName: "deploys",
      options: "-c statement_timeout=5min",
    });
    expect(config.includeDirs[1]).toEqual({
      path: "db/extra",
      recursive: false,
      include: ["*.sql"],
      exclude: ["draft_*.sql"],
    });
    expect(config.excludeDirs).toEqual(["db/schema/old"]);
    expect(config.migrations).toEqual({
      dir: "migrations",
      layout: "auto",
      table: "ops.history",
      lockWait: 120_000,
      lockTimeout: 500,
      concurrentlyLockTimeout: 600_000,
      statementTimeout: 3_600_000,
      contract: "manual",
      names: "short",
    });
    expect(config.build).toEqual({ order: "dependencies", resetBetweenFiles: true });
    expect(config.protected).toBe(true);
  });

  test("may end in .yml", async () => {
    const config = await load({ "db/environments/local.yml": "protected: true" });
    expect(config.file).toBe("db/environments/local.yml");
    expect(config.protected).toBe(true);
  });

  test("is refused when it exists with both endings", async () => {
    const error = await failure(load({ [LOCAL]: "", "db/environments/local.yml": "" }));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain("local.yaml");
    expect(error.message).toContain("local.yml");
  });

  test("may have Windows line ends and a byte order mark", async () => {
    const config = await loadYaml(`\uFEFF${TUTORIAL.replaceAll("\n", "\r\n")}`);
    expect(server(config).database).toBe("confiture_tutorial");
    expect(server(config).password?.reveal()).toBe("postgres");
    const error = await failure(loadYaml("\uFEFFname: local\r\nprotected: maybe\r\n"));
    expect(error.location).toEqual({ file: LOCAL, line: 2, column: 12, sourceLine: "protected: maybe" });
  });

  test("that is not UTF-8 is refused with the line", async () => {
    const latin1 = Uint8Array.from([...Buffer.from("name: local\nexclude_dirs:\n  - caf"), 0xe9, 0x0a]);
    const error = await failure(loadYaml(latin1));
    expect(error.code).toBe("config_unreadable");
    expect(error.message).toContain("not valid UTF-8");
    expect(error.location).toEqual({ file: LOCAL, line: 3 });
  });

  test("that is a folder is refused", async () => {
    const error = await failure(load({ [`${LOCAL}/file`]: "" }));
    expect(error.code).toBe("file_not_regular");
    expect(error.location?.file).toBe(LOCAL);
  });

  test("that is huge is refused before it is parsed", async () => {
    const error = await failure(loadYaml("#".repeat(64 * 1024 + 1)));
    expect(error.code).toBe("config_unreadable");
  });

  test("may be written as JSON", async () => {
    const config = await loadYaml('{"database": {"host": "h", "port": 1}, "protected": true}');
    expect(server(config)).toMatchObject({ host: "h", port: 1 });
    expect(config.protected).toBe(true);
  });
});

describe("name", () => {
  test("that differs from the file's is refused", async () => {
    const error = await failure(loadYaml("protected: false\nname: production\n"));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain('"local"');
    expect(error.location).toEqual({ file: LOCAL, line: 2, column: 7, sourceLine: "name: production" });
  });
});

describe("an unknown key", () => {
  test.each([
    ["databse:\n  host: x", 1, 1, "database"],
    ["database:\n  host: x\n  prot: 5", 3, 3, "port"],
    ["database:\n  dbname: x", 2, 3, "database"],
    ["database:\n  username: x", 2, 3, "user"],
    ["migrations:\n  lock_timout: 1s", 2, 3, "lock_timeout"],
    ["include_dirs:\n  - path: x\n    recursiv: true", 3, 5, "recursive"],
    ["build:\n  reset_between_file: true", 2, 3, "reset_between_files"],
  ])("in %j is named with its line and the nearest key", async (yaml, line, column, suggestion) => {
    const error = await failure(loadYaml(yaml));
    expect(error.code).toBe("config_unknown_key");
    expect(error.location).toMatchObject({ file: LOCAL, line, column });
    expect(error.hint).toBe(`Did you mean "${suggestion}"?`);
  });

  test("of another section says where it belongs, also with a slip in it, and what is no secret is shown", async () => {
    const slip = await failure(loadYaml("prot: 6543\n"));
    expect(slip.hint).toBe('Did you mean "port"? That belongs under "database".');
    expect(slip.location?.sourceLine).toBe("prot: 6543");
    for (const key of ["pasword", "pass", "pwd", "secret", "api_key", "foo"]) {
      expect((await failure(loadYaml(`${key}: hunter2\n`))).location?.sourceLine).not.toContain("hunter2");
    }
    expect((await failure(loadYaml("x: 1\n"))).hint).toStartWith("Known keys here");
    const error = await failure(loadYaml("lock_timeout: 5s\n"));
    expect(error.hint).toBe('"lock_timeout" belongs under "migrations".');
    const upward = await failure(loadYaml("database:\n  protected: true\n"));
    expect(upward.hint).toBe('"protected" belongs at the top level of the file.');
  });

  test("is not shown when it may be a password without its space", async () => {
    const error = await failure(loadYaml("database: {password:hunter2}\n"));
    expect(error.code).toBe("config_unknown_key");
    expect(printed(error)).not.toContain("hunter2");
  });

  test("is named with all others, so that one look at the file mends them", async () => {
    const yaml =
      "nmae: local\ndatabase:\n  hots: x\nmigrations:\n  lock_timout: 1s\n  zzz: 1\ninclude_dirs:\n  - paht: x\n";
    const { location, message, hint = "" } = await failure(loadYaml(yaml));
    expect({ line: location?.line, message }).toEqual({ line: 1, message: 'Unknown key "nmae"' });
    const lines = hint.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      'Did you mean "name"?',
      'Line 3: unknown key "hots" under "database". Did you mean "host"?',
      'Line 5: unknown key "lock_timout" under "migrations". Did you mean "lock_timeout"?',
    ]);
    expect(lines[3]).toStartWith('Line 6: unknown key "zzz" under "migrations".');
    expect(lines[4]).toBe('Line 8: unknown key "paht" under "include_dirs". Did you mean "path"?');
  });

  test("that is like no other lists the known ones", async () => {
    const error = await failure(loadYaml("build:\n  zzzzzz: 1\n"));
    expect(error.hint).toBe("Known keys here: order, reset_between_files.");
  });
});

describe("a wrong value", () => {
  test.each([
    ["database:\n  port: many", "port", 2, 9],
    ["database:\n  port: 0", "port", 2, 9],
    ["database:\n  port: 65536", "port", 2, 9],
    ["database:\n  port: 5432.5", "port", 2, 9],
    ["database:\n  port: -1", "port", 2, 9],
    ["database:\n  port: [1]", "port", 2, 9],
    ["database:\n  host:\n    a: b", "host", 3, 5],
    ["database:\n  host: db:5432", "host", 2, 9],
    ["database:\n  host: one two", "host", 2, 9],
    ["database:\n  host: two words", "host", 2, 9],
    ["database:\n  host: postgres://h/d", "host", 2, 9],
    ["database:\n  sslmode: requird", "sslmode", 2, 12],
    ["database:\n  connect_timeout: soon", "connect_timeout", 2, 20],
    ["database:\n  engine: mysql", "engine", 2, 11],
    ["database:\n  path: x", "path", 2, 3],
    ["database: [a]", "database", 1, 11],
    ["database: shop", "database", 1, 11],
    ["include_dirs: db/schema", "include_dirs", 1, 15],
    ["include_dirs:\n  - [x]", "include_dirs", 2, 5],
    ["include_dirs:\n  -\n  - x", "include_dirs", 2, 4],
    ["include_dirs:\n  - recursive: true", "include_dirs", 2, 5],
    ["include_dirs:\n  - path: x\n    recursive: yes", "recursive", 3, 16],
    ["include_dirs:\n  - path: x\n    include: a.sql", "include", 3, 14],
    ["exclude_dirs: x", "exclude_dirs", 1, 15],
    ["exclude_dirs:\n  - {a: b}", "exclude_dirs", 2, 5],
    ["migrations: x", "migrations", 1, 13],
    ["migrations:\n  table: a.b.c", "table", 2, 10],
    ['migrations:\n  table: "a b"', "table", 2, 10],
    ["migrations:\n  table: a;drop", "table", 2, 10],
    ["migrations:\n  table: 1st", "table", 2, 10],
    ["migrations:\n  dir: [x]", "dir", 2, 8],
    ["protected: on", "protected", 1, 12],
    ["build:\n  reset_between_files: 1", "reset_between_files", 2, 24],
  ])("in %j names the key, the line and the column", async (yaml, key, line, column) => {
    const error = await failure(loadYaml(yaml));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain(`"${key}"`);
    expect(error.location).toMatchObject({ file: LOCAL, line, column });
    expect(error.exitCode).toBe(4);
  });

  test("has its column counted in code points", async () => {
    const error = await failure(loadYaml("database: {user: '🍓🍓', port: x}"));
    expect(error.location).toMatchObject({ line: 1, column: 30 });
  });

  test("of sslmode suggests the nearest", async () => {
    const error = await failure(loadYaml("database:\n  sslmode: verify_full"));
    expect(error.hint).toBe('Did you mean "verify-full"?');
  });
});

describe("durations", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["1ms", 1],
    ["500ms", 500],
    ["30s", 30_000],
    ["30 s", 30_000],
    ["0.5s", 500],
    ["5m", 300_000],
    ["5min", 300_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["0.0001s", 1],
  ])("%s", async (text, milliseconds) => {
    const config = await loadYaml(`migrations:\n  statement_timeout: ${text}`);
    expect(config.migrations.statementTimeout).toBe(milliseconds);
  });

  test.each(["30", "soon", "-1s", "1 fortnight", "25d", "1e3s", "s", "constructor", "1constructor"])(
    "%s is refused",
    async (text) => {
      const error = await failure(loadYaml(`migrations:\n  lock_wait: ${text}`));
      expect(error.code).toBe("config_invalid");
      expect(error.location).toMatchObject({ line: 2, column: 14 });
    },
  );

  test("a bare number is answered with both readings", async () => {
    const error = await failure(loadYaml("migrations:\n  lock_timeout: 5000"));
    expect(error.hint).toContain("5000s");
    expect(error.hint).toContain("5000ms");
  });
});

describe("the database's password", () => {
  test.each([
    ["12345", "12345"],
    ["0123", "0123"],
    ["0x1F", "0x1F"],
    ["1e3", "1e3"],
    ["1_000", "1_000"],
    ["1.50", "1.50"],
    ["yes", "yes"],
    ["on", "on"],
    ["true", "true"],
    ["2024-01-01", "2024-01-01"],
    [".inf", ".inf"],
    ["'null'", "null"],
    ['"~"', "~"],
    ["'  spaced '", "  spaced "],
    ["pa$$word$", "pa$$word$"],
    ["a#b", "a#b"],
    ['"a\\tb"', "a\tb"],
  ])("%s is %j", async (written, password) => {
    const config = await loadYaml(`database:\n  password: ${written}\n`);
    expect(server(config).password?.reveal()).toBe(password);
  });

  test.each(["", "~", "null", "NULL", "''", "# none", "${EMPTY:-}"])("written %j is none", async (written) => {
    const config = await loadYaml(`database:\n  password: ${written}\n  user: u\n`);
    expect(server(config).password).toBeUndefined();
    expect(server(config).user).toBe("u");
  });

  test.each([
    "&secret",
    "*secret",
    "!secret",
    "@secret",
    "`secret",
    "%secret",
    "#secret",
    "{secret",
    "[secret",
    '"secret',
  ])("written %s is refused rather than cut short", async (written) => {
    const error = await failure(loadYaml(`database:\n  password: ${written}\n  user: u\n`));
    expect(["config_syntax", "config_invalid"]).toContain(error.code);
    expect(error.location?.file).toBe(LOCAL);
  });
});

describe("the embedded engine", () => {
  test("keeps its data in the path, relative to the project", async () => {
    const config = await loadYaml("database:\n  engine: embedded\n  path: data/dev\n");
    expect(config.target).toEqual({ engine: "embedded", path: `${config.projectDir}/data/dev` });
  });

  test("keeps its data under the environment's name when no path is given", async () => {
    const config = await loadYaml("database: {engine: embedded}");
    expect(config.target).toEqual({ engine: "embedded", path: `${config.projectDir}/.confiture/local` });
  });

  test("keeps nothing with :memory:", async () => {
    const config = await loadYaml('database:\n  engine: embedded\n  path: ":memory:"\n');
    expect(config.target).toEqual({ engine: "embedded" });
  });

  test("takes an absolute path as it is", async () => {
    const config = await loadYaml("database:\n  engine: embedded\n  path: /data/dev\n");
    expect(config.target).toEqual({ engine: "embedded", path: "/data/dev" });
  });

  test("refuses the fields of a server, with the line", async () => {
    const error = await failure(loadYaml("database:\n  engine: embedded\n  host: x\n"));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain('"host"');
    expect(error.location).toMatchObject({ line: 3, column: 3 });
  });
});

describe("url", () => {
  test("stands for the fields it sets, and the others add to it", async () => {
    const config = await loadYaml("database:\n  url: postgres://app@db/shop\n  password: secret\n  port: 6000\n");
    expect(server(config)).toMatchObject({ host: "db", port: 6000, user: "app", database: "shop" });
    expect(server(config).password?.reveal()).toBe("secret");
  });

  test("and a field that it sets are refused with both lines", async () => {
    const error = await failure(loadYaml("database:\n  url: postgres://app@db:5432/shop\n\n  port: 6000\n"));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toContain("line 2");
    expect(error.message).toContain("line 4");
    expect(error.location).toMatchObject({ line: 4 });
  });

  test("may stand alone as the database", async () => {
    const config = await loadYaml("database: ${DATABASE_URL}\n", { env: { DATABASE_URL: "postgres://app@db/shop" } });
    expect(server(config)).toMatchObject({ host: "db", user: "app", database: "shop" });
  });

  test("that is malformed is refused with its line, and without its text", async () => {
    const error = await failure(loadYaml("database:\n  url: postgres://app:s3cr#t@db:x/shop\n"));
    expect(error.code).toBe("config_invalid");
    expect(error.location).toMatchObject({ line: 2, column: 8, sourceLine: "  url: ********" });
    expect(error.message).not.toContain("s3cr");
  });
});
