import { describe, expect, test } from "bun:test";
import { failure, load, server } from "./fixture.ts";

const FILE = `# services
[other]
host=elsewhere

[shop]
host = shop.example.com
port=6000
dbname=shop
user=app
password=s3cret
sslmode=require
host=ignored
`;
const HOME = { "home/.pg_service.conf": FILE };

describe("a service", () => {
  test.each([
    ["postgres://?service=shop", {}],
    ["service=shop", {}],
    [undefined, { PGSERVICE: "shop", CONFITURE_DATABASE_URL: "postgres://" }],
  ])("%j gives what the URL leaves out", async (databaseUrl, env) => {
    const config = await load(HOME, { databaseUrl, env: { ...env, PGUSER: "variable", PGHOST: "variable" } });
    expect(server(config)).toMatchObject({
      host: "shop.example.com",
      port: 6000,
      database: "shop",
      user: "app",
      tls: { mode: "require" },
    });
    expect(server(config).password?.reveal()).toBe("s3cret");
    expect(config.origins["database.port"]).toBe("~/.pg_service.conf:7");
  });

  test("yields to the URL", async () => {
    const target = server(await load(HOME, { databaseUrl: "postgres://me@h/d?service=shop" }));
    expect(target).toMatchObject({ host: "h", port: 6000, database: "d", user: "me" });
  });

  test("is looked for in the file that PGSERVICEFILE names, and then in the system's", async () => {
    const files = { "one.conf": "[a]\nhost=one\n", "system/pg_service.conf": "[b]\nhost=two\n", ...HOME };
    const env = { PGSERVICEFILE: "one.conf", PGSYSCONFDIR: "system" };
    expect(server(await load(files, { databaseUrl: "service=a", env })).host).toBe("one");
    const missing = await failure(load(files, { databaseUrl: "service=shop", env }));
    expect(missing.message).toContain("not defined");
  });

  test.each([
    ["service=nobody", HOME, "not defined"],
    ["service=x", { "home/.pg_service.conf": "[x]\nnonsense\n" }, "key=value"],
    ["service=x", { "home/.pg_service.conf": "[x]\nservice=y\n" }, "another service"],
    ["service=x", { "home/.pg_service.conf": "[x]\ncolour=red\n" }, "no connection parameter"],
    ["service=x", { "home/.pg_service.conf": "[x]\nport=abc\n" }, "its port must be a number"],
  ] as const)("%s is refused", async (databaseUrl, files, words) => {
    const error = await failure(load(files, { databaseUrl }));
    expect(error.code).toBe(databaseUrl === "service=nobody" ? "usage" : "config_invalid");
    expect(error.message).toContain(words);
  });
});
