import { describe, expect, test } from "bun:test";
import { openServer } from "#database/server.ts";
import { chmod, mkdir } from "node:fs/promises";
import { loadConfig } from "#config/load.ts";
import { matchPassword } from "#config/pgpass.ts";
import { temporaryProject } from "../../support/project.ts";
import { failure, load, loadYaml, LOCAL, server, type Files, type Options } from "./fixture.ts";

describe("libpq's variables", () => {
  const env = {
    PGHOST: "pg.example.com",
    PGPORT: "6000",
    PGUSER: "pguser",
    PGPASSWORD: "pgsecret",
    PGDATABASE: "pgdatabase",
    PGSSLMODE: "require",
    PGSSLROOTCERT: "/pg/root.crt",
    PGSSLCERT: "/pg/client.crt",
    PGSSLKEY: "/pg/client.key",
    PGCONNECT_TIMEOUT: "4",
    PGAPPNAME: "pgapp",
    PGOPTIONS: "-c geqo=off",
  };

  test("fill in everything that is missing", async () => {
    const config = await loadYaml("", { env });
    const { password, ...rest } = server(config);
    expect(password?.reveal()).toBe("pgsecret");
    expect(rest).toEqual({
      engine: "server",
      host: "pg.example.com",
      origin: "environment variable PGHOST",
      port: 6000,
      database: "pgdatabase",
      user: "pguser",
      tls: { mode: "require", rootCert: "/pg/root.crt", cert: "/pg/client.crt", key: "/pg/client.key" },
      connectTimeout: 4_000,
      applicationName: "pgapp",
      options: "-c geqo=off",
    });
    expect(config.origins["database.password"]).toBe("environment variable PGPASSWORD");
  });

  test("yield to what the file says", async () => {
    const config = await loadYaml("database: {host: h, port: 1, user: u, password: p, database: d}", { env });
    expect(server(config)).toMatchObject({ host: "h", port: 1, user: "u", database: "d" });
    expect(server(config).password?.reveal()).toBe("p");
  });

  test("fill in what a URL leaves out", async () => {
    const config = await load({}, { databaseUrl: "postgres://h", env });
    expect(server(config)).toMatchObject({ host: "h", port: 6000, user: "pguser", database: "pgdatabase" });
  });

  test("count as unset when they are empty", async () => {
    const config = await loadYaml("", { env: { PGHOST: "", PGPORT: "", PGUSER: "", PGSSLMODE: "" } });
    expect(server(config)).toMatchObject({ host: "localhost", port: 5432, user: "alice", tls: { mode: "prefer" } });
  });

  test("with a bad value are named, and the value is not", async () => {
    const error = await failure(loadYaml("", { env: { PGPORT: "s3cret" } }));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toBe("PGPORT must be a number from 1 to 65535");
  });

  test("have no say over the embedded engine", async () => {
    const config = await loadYaml("database: {engine: embedded, path: x}", { env: { ...env, PGPORT: "bad" } });
    expect(config.target.engine).toBe("embedded");
  });

  test("PGHOSTADDR serves as host when there is no other", async () => {
    const config = await loadYaml("", { env: { PGHOSTADDR: "10.0.0.1" } });
    expect(server(config).host).toBe("10.0.0.1");
    expect(config.warnings).toEqual([]);
  });

  test("PGHOSTADDR is connected to in place of looking up the host", async () => {
    const config = await loadYaml("database: {host: h}", { env: { PGHOSTADDR: "10.0.0.1" } });
    expect(server(config)).toMatchObject({ host: "h", hostAddress: "10.0.0.1" });
  });

  test("PGTZ, PGDATESTYLE and PGGEQO are settings of the session", async () => {
    const config = await loadYaml("", { env: { PGTZ: "Asia/Tokyo", PGDATESTYLE: "german", PGGEQO: "default" } });
    expect(server(config).settings).toEqual({ TimeZone: "Asia/Tokyo", DateStyle: "german" });
  });

  test.each([
    ["PGCLIENTENCODING", "latin1", "UTF8"],
    ["PGMAXPROTOCOLVERSION", undefined, "3.2"],
    ["PGKRBSRVNAME", undefined, "postgres"],
    ["PGSSLCOMPRESSION", undefined, "1"],
  ])("%s is named in a warning when it asks for something that is not done", async (name, asks, harmless) => {
    const warnings = async (value: string) =>
      (await loadYaml("database: {host: h}", { env: { [name]: value } })).warnings.map(({ message }) => message);
    if (asks !== undefined) expect(await warnings(asks)).toEqual([expect.stringContaining(name)]);
    expect(await warnings(harmless)).toEqual([]);
  });

  test.each([
    ["PGREQUIREPEER", "postgres"],
    ["PGGSSENCMODE", "require"],
    ["PGMINPROTOCOLVERSION", "3.2"],
    ["PGSSLCERTMODE", "require"],
  ])("%s is refused where psql would make another connection", async (name, value) => {
    const error = await failure(loadYaml("database: {host: h}", { env: { [name]: value } }));
    expect(error.code).toBe("config_invalid");
    expect(error.message).toStartWith(`${name} `);
    expect(error.hint).toBeString();
  });

  test("without a user anywhere, the user is asked for where there is a connection to be made", async () => {
    const config = await loadYaml("", { userName: "" });
    expect(config.origins["database.user"]).toBe("default (the operating system's user, which has no name)");
    const error = await failure(openServer(server(config)));
    expect(error.code).toBe("config_invalid");
    expect(error.hint).toContain("PGUSER");
  });

  test("the database defaults to the user", async () => {
    const config = await loadYaml("database: {user: bob}");
    expect(server(config).database).toBe("bob");
  });

  test.each([
    ["0", 0],
    ["-1", 0],
    ["10", 10_000],
    ["500ms", 500],
    ["1min", 60_000],
  ])("a connect_timeout of %s is %d ms", async (text, milliseconds) => {
    const config = await loadYaml(`database: {connect_timeout: ${text}}`);
    expect(server(config).connectTimeout).toBe(milliseconds);
  });
});

describe("a line of a password file", () => {
  const query = { host: "db", port: 5432, database: "shop", user: "app" };

  test.each([
    ["db:5432:shop:app:secret", "secret", 1],
    ["*:*:*:*:secret", "secret", 1],
    ["db:*:shop:*:secret", "secret", 1],
    ["other:5432:shop:app:no\ndb:5432:shop:app:yes", "yes", 2],
    ["db:5432:shop:app:first\ndb:5432:shop:app:second", "first", 1],
    ["# db:5432:shop:app:no\n\ndb:5432:shop:app:yes", "yes", 3],
    ["db:5432:shop:app:a:b", "a:b", 1],
    ["db:5432:shop:app:a\\:b\\\\c", "a:b\\c", 1],
    ["db:5432:shop:app:secret\r\n", "secret", 1],
    ["db:5432:shop:app: spaced ", " spaced ", 1],
    ["db:5432:shop\ndb:5432:shop:app:x", "x", 2],
  ])("%j gives %j", (text, password, line) => {
    expect(matchPassword(text, query)).toEqual({ password, line });
  });

  test.each([
    "",
    "db:5432:shop:app",
    "db:5433:shop:app:x",
    "DB:5432:shop:app:x",
    "d*:5432:shop:app:x",
    "\\*:5432:shop:app:x",
    " db:5432:shop:app:x",
  ])("%j does not match", (text) => {
    expect(matchPassword(text, query)).toBeUndefined();
  });

  test("is a comment after #, even for a host of that name", () => {
    expect(matchPassword("#db:*:*:*:no\n*:*:*:*:yes", { ...query, host: "#db" })?.password).toBe("yes");
  });

  test("matches names that hold colons and backslashes once they are escaped", () => {
    const ipv6 = { ...query, host: "::1", user: "a\\b" };
    expect(matchPassword("\\:\\:1:5432:shop:a\\\\b:secret", ipv6)?.password).toBe("secret");
    expect(matchPassword("::1:5432:shop:a\\\\b:secret", ipv6)).toBeUndefined();
  });
});

describe("the password file", () => {
  async function loadWithPgpass(pgpass: string, mode: number, files: Files, options: Options = {}) {
    await using project = await temporaryProject({ ...files, "home/.pgpass": pgpass });
    await chmod(project.path("home/.pgpass"), mode);
    const home = project.path("home");
    const base = { projectDir: project.dir, homeDirectory: home, userName: "alice", platform: "linux" as const };
    return await loadConfig({ ...base, env: {}, ...options });
  }
  const YAML = { [LOCAL]: "database: {host: db, user: app, database: shop}" };

  test("gives the password that nothing else gives", async () => {
    const config = await loadWithPgpass("# mine\ndb:5432:shop:app:fromfile\n", 0o600, YAML);
    expect(server(config).password?.reveal()).toBe("fromfile");
    expect(config.origins["database.password"]).toBe("~/.pgpass:2");
    expect(config.warnings).toEqual([]);
  });

  test("yields to PGPASSWORD and to the environment file", async () => {
    const any = "*:*:*:*:fromfile";
    const byVariable = await loadWithPgpass(any, 0o600, YAML, { env: { PGPASSWORD: "variable" } });
    expect(server(byVariable).password?.reveal()).toBe("variable");
    const byFile = await loadWithPgpass(any, 0o600, { [LOCAL]: "database: {password: yaml}" });
    expect(server(byFile).password?.reveal()).toBe("yaml");
  });

  test.each([0o640, 0o604, 0o644, 0o660])("with mode %o is ignored with a warning", async (mode) => {
    const config = await loadWithPgpass("*:*:*:*:fromfile", mode, YAML);
    expect(server(config).password).toBeUndefined();
    expect(config.warnings).toHaveLength(1);
    expect(config.warnings[0]?.message).toContain("~/.pgpass");
    expect(config.warnings[0]?.message).toContain("0600");
    expect(config.warnings[0]?.location).toEqual({ file: "~/.pgpass" });
  });

  test("is called localhost for a socket in the default directory, and by its path for another", async () => {
    const pgpass = "localhost:*:*:*:default\n/srv/sockets:*:*:*:other\n";
    for (const [host, password] of [
      ["/var/run/postgresql", "default"],
      ["/tmp", "default"],
      ["/srv/sockets", "other"],
    ] as const) {
      const config = await loadWithPgpass(pgpass, 0o600, { [LOCAL]: `database: {host: ${host}}` });
      expect(server(config).password?.reveal()).toBe(password);
    }
  });

  test("may be another, named by PGPASSFILE", async () => {
    await using project = await temporaryProject({ ...YAML, secret: "\n\n*:*:*:*:elsewhere" });
    await chmod(project.path("secret"), 0o600);
    const env = { PGPASSFILE: project.path("secret") };
    const config = await loadConfig({ projectDir: project.dir, env, homeDirectory: "", userName: "u" });
    expect(server(config).password?.reveal()).toBe("elsewhere");
    expect(config.origins["database.password"]).toBe(`${project.path("secret")}:3`);
  });

  test("is %APPDATA%\\postgresql\\pgpass.conf on Windows, whatever its mode", async () => {
    await using project = await temporaryProject({ ...YAML, "app/postgresql/pgpass.conf": "*:*:*:*:windows" });
    const env = { APPDATA: project.path("app") };
    const options = { projectDir: project.dir, env, homeDirectory: "", userName: "u" };
    const config = await loadConfig({ ...options, platform: "win32" });
    expect(server(config).password?.reveal()).toBe("windows");
  });

  test("that is a folder is ignored with a warning", async () => {
    await using project = await temporaryProject(YAML);
    await mkdir(project.path("home/.pgpass"), { recursive: true });
    const options = { projectDir: project.dir, homeDirectory: project.path("home"), userName: "u" };
    const config = await loadConfig({ ...options, env: {} });
    expect(config.warnings).toHaveLength(1);
  });
});

describe("TLS", () => {
  const ROOT = { "home/.postgresql/root.crt": "pem" };
  const CLIENT = { "home/.postgresql/postgresql.crt": "pem", "home/.postgresql/postgresql.key": "pem" };

  test.each(["require", "verify-ca", "verify-full"])("%s takes ~/.postgresql/root.crt if it exists", async (mode) => {
    const config = await load({ [LOCAL]: `database: {sslmode: ${mode}}`, ...ROOT });
    const rootCert = `${config.projectDir}/home/.postgresql/root.crt`;
    expect<object>(server(config).tls).toEqual({ mode, rootCert });
    expect(config.origins["database.sslrootcert"]).toBe("default (~/.postgresql/root.crt)");
  });

  test.each(["verify-ca", "verify-full"])("%s without any authority is refused with the line", async (mode) => {
    const error = await failure(loadYaml(`database:\n  sslmode: ${mode}\n`));
    expect(error).toMatchObject({ code: "config_invalid", location: { line: 2 } });
    expect(error.hint).toContain("system");
  });

  test("over a unix socket needs no authority", async () => {
    const config = await loadYaml("database: {sslmode: verify-full, host: /tmp}");
    expect(server(config).tls.mode).toBe("verify-full");
  });

  test("with sslrootcert system is verify-full unless told otherwise", async () => {
    const config = await loadYaml("database: {sslrootcert: system}");
    expect(server(config).tls).toEqual({ mode: "verify-full", rootCert: "system" });
  });

  test("with sslrootcert system refuses a weaker mode, wherever it comes from", async () => {
    const yaml = "database:\n  sslrootcert: system\n";
    const inFile = await failure(loadYaml(`${yaml}  sslmode: require\n`));
    expect(inFile).toMatchObject({ code: "config_invalid", location: { line: 3 } });
    const inVariable = await failure(loadYaml(yaml, { env: { PGSSLMODE: "prefer" } }));
    expect(inVariable.message).toStartWith("PGSSLMODE ");
  });

  test("takes the client's certificate and key from ~/.postgresql if they exist", async () => {
    const config = await load({ [LOCAL]: "", ...CLIENT });
    const folder = `${config.projectDir}/home/.postgresql`;
    expect(server(config).tls).toEqual({
      mode: "prefer",
      cert: `${folder}/postgresql.crt`,
      key: `${folder}/postgresql.key`,
    });
  });

  test("that is off takes no files", async () => {
    const config = await load({ [LOCAL]: "database: {sslmode: disable}", ...ROOT, ...CLIENT });
    expect(server(config).tls).toEqual({ mode: "disable" });
  });
});
