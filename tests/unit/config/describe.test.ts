import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { describeConfig } from "#config/describe.ts";
import { KEYS } from "#config/keys.ts";
import type { Config } from "#config/config.ts";
import { load, loadYaml, LOCAL, server } from "./fixture.ts";

const SECRET = "hunter2!";

function row(config: Config, key: string): { value: string; origin: string } {
  const found = describeConfig(config).find((candidate) => candidate.key === key);
  if (found === undefined) throw new Error(`No row ${key}`);
  return { value: found.value, origin: found.origin };
}

describe("the description of a configuration", () => {
  test("says where each value came from", async () => {
    const config = await load(
      {
        [LOCAL]: `database:\n  host: db\n  password: ${SECRET}\nmigrations:\n  lock_wait: 90s\n`,
        ".env": "\nPGDATABASE=shop\n",
      },
      { env: { PGUSER: "app" } },
    );
    expect(row(config, "environment")).toEqual({ value: "local", origin: "default" });
    expect(row(config, "database.engine")).toEqual({ value: "server", origin: "default" });
    expect(row(config, "database.host")).toEqual({ value: "db", origin: `${LOCAL}:2` });
    expect(row(config, "database.port")).toEqual({ value: "5432", origin: "default" });
    expect(row(config, "database.user")).toEqual({ value: "app", origin: "environment variable PGUSER" });
    expect(row(config, "database.database")).toEqual({ value: "shop", origin: ".env:2 PGDATABASE" });
    expect(row(config, "database.password")).toEqual({ value: "********", origin: `${LOCAL}:3` });
    expect(row(config, "migrations.lock_wait")).toEqual({ value: "90s", origin: `${LOCAL}:5` });
    expect(row(config, "migrations.lock_timeout")).toEqual({ value: "5s", origin: "default" });
    expect(row(config, "include_dirs")).toEqual({ value: "db/schema", origin: "default" });
    expect(row(config, "exclude_dirs")).toEqual({ value: "(none)", origin: "default" });
    expect(row(config, "protected")).toEqual({ value: "false", origin: "default" });
  });

  test("shows every setting of a connection, set or not", async () => {
    const services = { "home/.pg_service.conf": "[shop]\nhost=elsewhere\nkeepalives_idle=7\n" };
    const config = await load(
      { ...services, [LOCAL]: "database:\n  service: shop\n  hostaddr: 127.0.0.1\n" },
      { env: { PGSSLCERTMODE: "disable" } },
    );
    const keys = describeConfig(config).map(({ key }) => key);
    expect(KEYS.database.filter((key) => key !== "url" && key !== "path" && !keys.includes(`database.${key}`))).toEqual(
      [],
    );
    expect(row(config, "database.service")).toEqual({ value: "shop", origin: `${LOCAL}:2` });
    expect(row(config, "database.hostaddr")).toEqual({ value: "127.0.0.1", origin: `${LOCAL}:3` });
    expect(row(config, "database.host")).toEqual({ value: "elsewhere", origin: "~/.pg_service.conf:2" });
    expect(row(config, "database.keepalives_idle")).toEqual({ value: "7s", origin: "~/.pg_service.conf:3" });
    expect(row(config, "database.sslcertmode")).toEqual({
      value: "disable",
      origin: "environment variable PGSSLCERTMODE",
    });
    expect(row(config, "database.passfile")).toEqual({ value: "~/.pgpass", origin: "default" });
    expect(row(config, "database.target_session_attrs")).toEqual({ value: "any", origin: "default" });
    expect(row(config, "database.channel_binding")).toEqual({ value: "prefer", origin: "default" });
    expect(row(config, "database.require_auth")).toEqual({ value: "(not set)", origin: "default" });
  });

  test("says that a password is not set", async () => {
    const config = await load({}, { databaseUrl: "postgres://h/d" });
    expect(row(config, "database.password")).toEqual({ value: "(not set)", origin: "default" });
    expect(row(config, "database.host")).toEqual({ value: "h", origin: "--database-url" });
    expect(row(config, "environment").value).toBe("(none)");
  });

  test("shows the embedded engine by its path", async () => {
    const config = await loadYaml("database:\n  engine: embedded\n  path: data\n");
    expect(row(config, "database.engine")).toEqual({ value: "embedded", origin: `${LOCAL}:2` });
    expect(row(config, "database.path")).toEqual({ value: `${config.projectDir}/data`, origin: `${LOCAL}:3` });
    expect(describeConfig(config).some(({ key }) => key === "database.host")).toBe(false);
  });

  test("shows folders with their options", async () => {
    const config = await loadYaml("include_dirs:\n  - a\n  - {path: b, recursive: false, exclude: [x.sql, y.sql]}\n");
    expect(row(config, "include_dirs").value).toBe("a, b (not recursive; exclude x.sql y.sql)");
  });

  test("has a row for every origin and an origin for every row", async () => {
    for (const yaml of ["", "database: {engine: embedded}"]) {
      const config = await loadYaml(yaml);
      expect(describeConfig(config).map(({ key }) => key)).toEqual(Object.keys(config.origins));
    }
  });
});

describe("a configuration", () => {
  const withSecret = (): Promise<Config> =>
    loadYaml(`database:\n  url: postgres://u:${encodeURIComponent(SECRET)}@h/d\n`);

  test("never prints its password", async () => {
    const config = await withSecret();
    const prints = [
      JSON.stringify(config),
      JSON.stringify(describeConfig(config)),
      inspect(config, { depth: 20, showHidden: true }),
      Bun.inspect(config, { depth: 20 }),
      String(server(config).password),
    ];
    for (const print of prints) {
      expect(print).toContain("********");
      expect(print).not.toContain("hunter2");
    }
  });

  test("is frozen all the way down", async () => {
    const config = await loadYaml("include_dirs: [{path: a, include: [b]}]", { env: { PGCLIENTENCODING: "latin1" } });
    const seen: unknown[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      seen.push(value);
      expect(Object.isFrozen(value)).toBe(true);
      for (const child of Object.values(value)) visit(child);
    };
    visit(config);
    expect(seen.length).toBeGreaterThan(10);
    expect(() => Object.assign(config.migrations, { dir: "x" })).toThrow(TypeError);
  });

  test("does not share its defaults with the next", async () => {
    const first = await loadYaml("");
    const second = await loadYaml("");
    expect(first.includeDirs[0]).not.toBe(second.includeDirs[0]!);
  });
});
