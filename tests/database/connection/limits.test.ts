import { describe, expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { MAJORS, server } from "../../support/servers.ts";
import { failureOf } from "../failure.ts";

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}`, () => {
    const names = [
      "statement_timeout",
      "idle_in_transaction_session_timeout",
      "idle_session_timeout",
      ...(major >= 17 ? ["transaction_timeout"] : []),
    ];
    const limits = async (target: ServerTarget): Promise<Record<string, string>> =>
      await withDatabase(target, {}, async (database) => {
        const [row] = await database.query<Record<string, string>>(
          `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(", ")}`,
        );
        return row!;
      });

    test("limits of a database are lifted; those that the connection asks for hold", async () => {
      const instance = await server(major);
      const name = await instance.createDatabase("limits");
      for (const setting of names) await instance.sql(`ALTER DATABASE ${name} SET ${setting} = '50s'`);
      const target = instance.target(name);
      expect(await limits(target)).toEqual(Object.fromEntries(names.map((setting) => [setting, "0"])));
      const asked = { ...target, options: names.map((setting) => `-c ${setting}=40s`).join(" ") };
      expect(await limits(asked)).toEqual(Object.fromEntries(names.map((setting) => [setting, "40s"])));
    });

    test("which limit ended a statement or a session is said", async () => {
      const target = (await server(major)).target("postgres");
      const slow = { ...target, options: "-c statement_timeout=20" };
      const error = await failureOf(withDatabase(slow, {}, (database) => database.execute("SELECT pg_sleep(30)")));
      expect(error.hint).toContain("statement_timeout");
      const idle = { ...target, options: "-c idle_in_transaction_session_timeout=20" };
      const ended = await failureOf(
        withDatabase(idle, {}, async (database) => {
          await database.execute("BEGIN");
          for (;;) {
            await Bun.sleep(100);
            await database.execute("SELECT 1");
          }
        }),
      );
      expect(ended).toMatchObject({ code: "connection_lost" });
      expect(ended.hint).toContain("idle_in_transaction_session_timeout");
    });
  });
}
