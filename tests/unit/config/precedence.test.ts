import { describe, expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "#config/load.ts";
import { listEnvironments } from "#config/find-environment.ts";
import { temporaryProject } from "../../support/project.ts";
import { failure, load, LOCAL, server } from "./fixture.ts";

const FILE = { [LOCAL]: "database:\n  host: file\nmigrations:\n  table: mine\nprotected: true\n" };
const ENV = { CONFITURE_DATABASE_URL: "postgres://confiture/d", DATABASE_URL: "postgres://plain/d", PGHOST: "pg" };

describe("which database", () => {
  test("--database-url comes first", async () => {
    const config = await load(FILE, { databaseUrl: "postgres://option/d", env: ENV });
    expect(server(config).host).toBe("option");
    expect(config.origins["database.host"]).toBe("--database-url");
  });

  test("CONFITURE_DATABASE_URL comes before the environment file", async () => {
    const config = await load(FILE, { env: ENV });
    expect(server(config).host).toBe("confiture");
    expect(config.origins["database.host"]).toBe("environment variable CONFITURE_DATABASE_URL");
  });

  test("the environment file comes before DATABASE_URL", async () => {
    const config = await load(FILE, { env: { ...ENV, CONFITURE_DATABASE_URL: "" } });
    expect(server(config).host).toBe("file");
    expect(config.origins["database.host"]).toBe(`${LOCAL}:2`);
  });

  test.each([
    ["postgres://127.0.0.1/shop", "production"],
    ["postgres://ada:secret@localhost:5432/shop?sslmode=disable", "production"],
    ["postgres://second:7/shop", "spread"],
    ["postgres://localhost/other", undefined],
    ["postgres://localhost:5433/shop", undefined],
  ])("%s is as protected as the environment whose database it names: %s", async (databaseUrl, guard) => {
    const files = {
      [LOCAL]: "database:\n  host: file\n",
      "db/environments/production.yaml":
        "database:\n  host: localhost\n  database: shop\nprotected: true\nlimits:\n  rows: 7\n",
      "db/environments/spread.yaml": "database:\n  url: postgres://first,second:7/shop\nprotected: true\n",
      "db/environments/unset.yaml": "database:\n  url: ${NOT_SET}\nprotected: true\n",
      "db/environments/open.yaml": "database:\n  host: localhost\n  database: other\n",
    };
    for (const options of [{ databaseUrl }, { env: { CONFITURE_DATABASE_URL: databaseUrl } }]) {
      const config = await load(files, options);
      expect(config).toMatchObject({ protected: guard !== undefined, environment: guard ?? "local" });
      expect(config.migrations.contract).toBe(guard === undefined ? "auto" : "manual");
      expect(config.limits?.rows).toBe(guard === "production" ? 7 : undefined);
      expect(config.warnings.some(({ message }) => message.includes("protected environment"))).toBe(
        guard !== undefined,
      );
    }
  });

  test.each([
    ["host: 127.0.0.1\n  database: shop\n  user: reader", true],
    ["host: 127.0.0.1\n  database: shop\n  port: 5433", false],
    ["host: /run/postgresql\n  database: shop", true],
    ["host: LOCALHOST.\n  database: shop", true],
    ["host: 127.1\n  database: shop", true],
    ["host: 127.1.example.com\n  database: shop", false],
    ["host: 0.0.0.0\n  database: shop", true],
    ["host: elsewhere\n  hostaddr: ::1\n  database: shop", true],
    ["engine: embedded", false],
  ])("an environment with %j is protected by another one with the same database: %p", async (database, isGuarded) => {
    const files = {
      [LOCAL]: `database:\n  ${database}\n`,
      "db/environments/production.yaml": "database:\n  host: localhost\n  database: shop\nprotected: true\n",
    };
    const config = await load(files);
    expect(config).toMatchObject({ environment: "local", file: LOCAL, protected: isGuarded });
    const said = config.warnings.map(({ message, location }) => [message, location?.file]);
    const warning =
      'this is the database of the protected environment "production", so what is confirmed there has to be confirmed here as well';
    expect(said).toEqual(isGuarded ? [[warning, "db/environments/production.yaml"]] : []);
  });

  test("an embedded database is as protected as the environment of its folder, also behind a link", async () => {
    await using project = await temporaryProject({
      [LOCAL]: "database: { engine: embedded, path: ./a/../link/data }\n",
      "db/environments/staging.yaml": "database: { engine: embedded, path: data/other }\n",
      "db/environments/production.yaml": "database: { engine: embedded, path: data }\nprotected: true\n",
    });
    await symlink(".", join(project.dir, "link"));
    const options = { projectDir: project.dir, env: {}, homeDirectory: project.dir, userName: "ada" };
    expect(await loadConfig(options)).toMatchObject({ protected: true, protectedBy: { name: "production" } });
    expect(await loadConfig({ ...options, environment: "staging" })).toMatchObject({ protected: false });
  });

  test("DATABASE_URL has no say when there is an environment file, even one without a database", async () => {
    const config = await load({ [LOCAL]: "" }, { env: { DATABASE_URL: "postgres://plain/d" } });
    expect(server(config).host).toBe("localhost");
  });

  test("DATABASE_URL serves when there is no environment file and none was named", async () => {
    const config = await load({ ".env": "\nDATABASE_URL=postgres://plain/d" });
    expect(config).toMatchObject({ environment: null, file: null, protected: false });
    expect(server(config).host).toBe("plain");
    expect(config.origins["database.host"]).toBe(".env:2 DATABASE_URL");
  });

  test("DATABASE_URL has no say when an environment was named", async () => {
    const error = await failure(load({}, { environment: "local", env: { DATABASE_URL: "postgres://plain/d" } }));
    expect(error.code).toBe("config_not_found");
  });

  test("libpq's variables serve where they name a database, when there is no file and none was named", async () => {
    const config = await load({}, { env: { PGDATABASE: "shop", PGHOST: "pg" } });
    expect(config).toMatchObject({ environment: null, file: null });
    expect(server(config)).toMatchObject({ host: "pg", database: "shop" });
    const services = { "home/.pg_service.conf": "[shop]\nhost=elsewhere\ndbname=orders\n" };
    const fromService = await load(services, { env: { PGSERVICE: "shop" } });
    expect(server(fromService)).toMatchObject({ host: "elsewhere", database: "orders" });
    expect((await failure(load({}, { env: { PGHOST: "pg" } }))).code).toBe("config_not_found");
    const named = await failure(load({}, { environment: "local", env: { PGDATABASE: "shop" } }));
    expect(named.code).toBe("config_not_found");
    const other = await load({}, { env: { PGDATABASE: "shop", DATABASE_URL: "postgres://plain/d" } });
    expect(server(other)).toMatchObject({ host: "plain", database: "d" });
  });

  test.each([
    [{ [LOCAL]: "database: {host: db, database: d}" }, {}, 1],
    [{ [LOCAL]: "database: {engine: embedded}" }, {}, 1],
    [{ [LOCAL]: "database: {host: plain, database: d}" }, {}, 0],
    [{ [LOCAL]: "database: ${DATABASE_URL}" }, {}, 0],
    [{ [LOCAL]: "database: {host: db}" }, { environment: "local" }, 0],
    [{ [LOCAL]: "database: {host: db}" }, { databaseUrl: "postgres://h/d" }, 0],
    [{ [LOCAL]: "database: {host: db}" }, { env: { DATABASE_URL: "mysql://plain/d" } }, 0],
  ])("that DATABASE_URL is passed over is said: %j %j", async (files, options, warnings) => {
    const config = await load(files, { env: { DATABASE_URL: "postgres://u:hunter2@plain/d" }, ...options });
    expect(config.warnings).toHaveLength(warnings);
    if (warnings === 0) return;
    expect(config.warnings[0]?.message).toStartWith("DATABASE_URL is set and not used");
    expect(config.warnings[0]?.message).toContain(LOCAL);
    expect(config.warnings[0]?.message).not.toContain("hunter2");
  });

  test("with a URL, the other settings still come from the environment file", async () => {
    const config = await load(FILE, { databaseUrl: "postgres://option/d" });
    expect(config).toMatchObject({ environment: "local", protected: true, migrations: { table: "mine" } });
  });

  test("with a URL and no environment file, the other settings are the defaults", async () => {
    const config = await load({}, { databaseUrl: "postgres://option/d" });
    expect(config).toMatchObject({ environment: null, file: null, migrations: { table: "confiture_migrations" } });
    expect(config.includeDirs[0]?.path).toBe("db/schema");
  });

  test("a URL replaces the whole database section, whose variables then need not be set", async () => {
    const yaml = "database:\n  host: ${UNSET}\n  port: 7000\n";
    const config = await load({ [LOCAL]: yaml }, { databaseUrl: "postgres://option/d" });
    expect(server(config)).toMatchObject({ host: "option", port: 5432 });
  });

  test("a URL does not excuse an unknown key in the file", async () => {
    const error = await failure(load({ [LOCAL]: "database:\n  hots: x\n" }, { databaseUrl: "postgres://option/d" }));
    expect(error).toMatchObject({ code: "config_unknown_key", location: { line: 2 } });
  });

  test("a URL does not excuse a missing environment that was named", async () => {
    const error = await failure(load({}, { environment: "prod", databaseUrl: "postgres://option/d" }));
    expect(error.code).toBe("config_not_found");
  });

  test("an empty --database-url is refused", async () => {
    const error = await failure(load(FILE, { databaseUrl: "" }));
    expect(error).toMatchObject({ code: "usage", message: "--database-url is empty" });
  });
});

describe("an environment", () => {
  test("is chosen by its name", async () => {
    const files = { [LOCAL]: "", "db/environments/staging.yaml": "name: staging\ndatabase: {host: stage}" };
    const config = await load(files, { environment: "staging" });
    expect(config).toMatchObject({ environment: "staging", file: "db/environments/staging.yaml" });
    expect(config.origins["environment"]).toBe("--env");
  });

  test("that does not exist is refused with those that do", async () => {
    const files = { [LOCAL]: "", "db/environments/staging.yml": "", "db/environments/notes.txt": "" };
    const error = await failure(load(files, { environment: "stagin" }));
    expect(error.code).toBe("config_not_found");
    expect(error.exitCode).toBe(4);
    expect(error.message).toContain("db/environments/stagin.yaml");
    expect(error.hint).toContain('Did you mean "staging"?');
    expect(error.hint).toContain("local, staging");
    expect(error.data).toEqual({ environment: "stagin", environments: ["local", "staging"] });
  });

  test("when there is none at all, init is named", async () => {
    const error = await failure(load({}, { env: { PGHOST: "pg" } }));
    expect(error.code).toBe("config_not_found");
    expect(error.message).toContain(LOCAL);
    expect(error.hint).toContain("confiture init");
  });

  test.each(["../local", "a/b", "", ".", "..", "a\\b", ".hidden", "a..b", "-x", "a b"])(
    "named %j is refused before any file is looked for",
    async (environment) => {
      const error = await failure(load({ [LOCAL]: "", "db/local.yaml": "" }, { environment }));
      expect(error).toMatchObject({ code: "usage", exitCode: 2 });
    },
  );

  test("is listed once, sorted, whatever the ending", async () => {
    await using project = await temporaryProject({
      "db/environments/b.yml": "",
      "db/environments/a.yaml": "",
      "db/environments/a.yml": "",
      "db/environments/README.md": "",
    });
    expect(listEnvironments(project.dir)).toEqual(["a", "b"]);
  });

  test("is listed nowhere in a project without the folder", async () => {
    await using project = await temporaryProject();
    expect(listEnvironments(project.dir)).toEqual([]);
  });

  test("in a project folder that does not exist is refused by that name", async () => {
    const loading = loadConfig({ projectDir: "/nowhere/at/all", env: {}, homeDirectory: "", userName: "u" });
    const error = await failure(loading);
    expect(error.code).toBe("usage");
    expect(error.message).toContain("/nowhere/at/all");
  });
});
