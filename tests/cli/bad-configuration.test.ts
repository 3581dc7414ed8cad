import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { type ErrorCode } from "#errors/codes.ts";
import { cliProject, type CliProject, databaseUrl, environmentFile } from "./project.ts";
import { expectRefusal } from "./refusal.ts";
import { NEWEST_ALONE } from "../support/servers.ts";

const COMMANDS = [["build"], ["migrate", "up"], ["migrate", "status"]] as const;

describe.each(NEWEST_ALONE)("a wrong configuration changes nothing, PostgreSQL %d", (major) => {
  let project: CliProject;
  beforeAll(async () => {
    project = await cliProject(
      {
        "db/schema/users.sql": "CREATE TABLE users (id int);\n",
        "db/migrations/001_one.sql": "CREATE TABLE one ();\n",
      },
      { major },
    );
  });
  afterAll(() => project.remove());

  describe("environment files", () => {
    const cases: readonly [
      name: string,
      yaml: string | Uint8Array,
      line: number,
      code: ErrorCode,
      names: (string | RegExp)[],
      next: string | undefined,
    ][] = [
      [
        "a key that is no key",
        "database:\n  host: localhost\n  prot: 5432\n",
        3,
        "config_unknown_key",
        ["prot"],
        "port",
      ],
      ["an unknown section", "migration:\n  dir: x\n", 1, "config_unknown_key", ["migration"], "migrations"],
      ["bad YAML", "database:\n  host: [localhost\n", 2, "config_syntax", ["["], "Write ]"],
      ["tabs", "database:\n\thost: localhost\n", 2, "config_syntax", ["tabs"], "spaces"],
      ["a wrong type", "database:\n  port: many\n", 2, "config_invalid", ["port", "many", "65535"], undefined],
      ["a duration without a unit", "migrations:\n  lock_wait: 30\n", 2, "config_invalid", ["lock_wait"], "30s"],
      [
        "an unset variable",
        "database:\n  host: ${NO_SUCH_HOST}\n",
        2,
        "config_unset_variable",
        ["NO_SUCH_HOST"],
        ".env",
      ],
      [
        "a variable that has to be set",
        "database:\n  url: ${NO_SUCH_URL:?ask the operator}\n",
        2,
        "config_unset_variable",
        ["NO_SUCH_URL", "ask the operator"],
        ".env",
      ],
      ["another environment's name", "name: production\n", 1, "config_invalid", ["production", "broken"], undefined],
    ];
    test.each(cases)("%s", async (_, yaml, line, code, names, next) => {
      await project.write("db/environments/broken.yaml", yaml);
      for (const command of COMMANDS) {
        await expectRefusal(project, [...command, "--env", "broken"], {
          exitCode: 4,
          code,
          place: `db/environments/broken.yaml:${line}`,
          names,
          ...(next === undefined ? {} : { next }),
        });
      }
    });

    test("one that is not there: the near ones are named", async () => {
      for (const command of COMMANDS) {
        await expectRefusal(project, [...command, "--env", "locla"], {
          exitCode: 4,
          code: "config_not_found",
          names: ["db/environments/locla.yaml"],
          next: '"local"',
        });
      }
    });

    test("none at all: how to make one", async () => {
      await project.write("empty/.keep", "");
      await expectRefusal(project, ["-C", "empty", "migrate", "up"], {
        exitCode: 4,
        code: "config_not_found",
        names: ["db/environments/local.yaml"],
        next: "confiture init",
      });
    });

    test("invalid UTF-8", async () => {
      await project.write("db/environments/latin.yaml", new Uint8Array([0x23, 0x20, 0xe9, 0x0a]));
      await expectRefusal(project, ["build", "--env", "latin"], {
        exitCode: 4,
        code: "config_unreadable",
        place: "db/environments/latin.yaml:1",
        names: ["UTF-8"],
      });
    });
  });

  describe("connections", () => {
    test("a wrong password", async () => {
      const url = databaseUrl(project.server, project.database, "wrong secret");
      for (const command of COMMANDS) {
        const { error } = await expectRefusal(project, [...command, "--database-url", url], {
          exitCode: 5,
          code: "connect_auth",
          names: ["cli_tester"],
          next: "confiture config show",
        });
        expect(JSON.stringify(error)).not.toMatch(/wrong( |%20)secret/);
      }
    });

    test("a user that does not exist", async () => {
      const { host, port } = project.server;
      await expectRefusal(project, ["build", "--database-url", `postgres://nobody_here@${host}:${port}/postgres`], {
        exitCode: 5,
        code: "connect_auth",
        names: ["nobody_here"],
      });
    });

    test("a database that does not exist", async () => {
      const url = databaseUrl(project.server, "no_such_database");
      for (const command of COMMANDS) {
        await expectRefusal(project, [...command, "--database-url", url], {
          exitCode: 5,
          code: "connect_no_database",
          names: ["no_such_database"],
          next: /confiture db create|createdb/,
        });
      }
    });

    test("no server: what was tried, and how to look", async () => {
      const port = await closedPort();
      const url = `postgres://someone:secret-word@127.0.0.1:${port}/somewhere`;
      for (const command of COMMANDS) {
        const { error } = await expectRefusal(project, [...command, "--database-url", url], {
          exitCode: 5,
          code: "connect_failed",
          names: [`127.0.0.1:${port}`, "refused"],
          next: "confiture config show",
        });
        expect(JSON.stringify(error)).not.toContain("secret-word");
      }
    });

    test("a host that does not exist", async () => {
      const url = "postgres://someone@no-such-host.invalid/somewhere";
      await expectRefusal(project, ["migrate", "up", "--database-url", url], {
        exitCode: 5,
        code: "connect_failed",
        names: ["no-such-host.invalid"],
      });
    });

    test("something else than PostgreSQL", async () => {
      using listener = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
      await expectRefusal(project, ["migrate", "up", "--database-url", `postgres://a@127.0.0.1:${listener.port}/b`], {
        exitCode: 5,
        code: "connect_failed",
        names: [`127.0.0.1:${listener.port}`],
      });
    });

    test("a URL that is none: no part of it that may be a password is shown", async () => {
      for (const url of ["mysql://me:hidden-word@db/x", "postgres://me:hidden-word@db:port/x", "hidden-word"]) {
        const { error } = await expectRefusal(project, ["build", "--database-url", url], {
          exitCode: 2,
          code: "usage",
          names: ["--database-url"],
        });
        expect(JSON.stringify(error)).not.toContain("hidden-word");
      }
    });
  });

  test("the warning of a password file that others may read names it once", async () => {
    const pass = project.path("pass");
    await project.write("pass", "*:*:*:*:word\n");
    chmodSync(pass, 0o644);
    await project.write("db/environments/bare.yaml", `database: {host: 127.0.0.1, port: ${await closedPort()}}\n`);
    const { stderr } = await project.run(["migrate", "status", "-e", "bare"], { env: { PGPASSFILE: pass } });
    const warning = stderr.split("\n").find((line) => line.includes("password file"));
    expect(warning).toEndWith(
      `The password file ${pass} is ignored: others may read it; its permissions should be u=rw (0600) or less`,
    );
  });

  test("the password is hidden by everything that could show it", async () => {
    const shown = await project.succeed(["config", "show"]);
    expect(shown.stdout).toMatch(/database\.password +\*+ +db\/environments\/local\.yaml:6/);
    await project.succeed(["config", "show", "--format", "json"]);
    await project.succeed(["config", "show", "--database-url", project.url]);
    await project.succeed(["migrate", "status", "-v"], { env: { CONFITURE_DATABASE_URL: project.url } });
    // In an excerpt of the line that is wrong.
    const yaml = environmentFile(project.server, project.database);
    await project.write("db/environments/leaky.yaml", yaml.replace("  password:", "  pasword:"));
    await expectRefusal(project, ["build", "-e", "leaky"], {
      exitCode: 4,
      code: "config_unknown_key",
      place: "db/environments/leaky.yaml:6",
      next: "password",
    });
    await project.write("db/environments/leaky.yaml", yaml.replace('"\n', "\n"));
    await expectRefusal(project, ["build", "-e", "leaky"], { exitCode: 4, code: "config_syntax" });
    await project.write("db/environments/leaky.yaml", `database: ${project.url.replace(/:\d+\//, ":x/")}\n`);
    await expectRefusal(project, ["build", "-e", "leaky"], { exitCode: 4, code: "config_invalid" });
  });
});

/** A port nobody listens on: one that was free a moment ago. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer().on("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      listener.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
