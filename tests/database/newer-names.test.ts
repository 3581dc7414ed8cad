import { describe, expect, test } from "bun:test";
import { NEWER_FUNCTIONS, NEWER_RELATIONS, NEWER_SETTINGS } from "#sql/newer-names.ts";
import { readNames } from "../support/newer-names.ts";
import { MAJORS, server } from "../support/servers.ts";

describe.each(MAJORS)("what is said to be newer than others, PostgreSQL %d", (major) => {
  test("is there, or is not, as the table says", async () => {
    const one = await server(major);
    const names = await readNames((sql) => one.sql(sql));
    const bare = new Set([...names.functions].map((name) => name.replace(/\/.*/, "")));
    for (const [table, isKnown] of [
      [NEWER_FUNCTIONS, (name: string) => names.functions.has(name) || bare.has(name)],
      [NEWER_SETTINGS, (name: string) => names.settings.has(name)],
      [NEWER_RELATIONS, (name: string) => names.relations.has(name)],
    ] as const) {
      const wrong = [...table].filter(([name, since]) => isKnown(name) !== since <= major);
      expect(wrong).toEqual([]);
      expect(table.size).toBeGreaterThan(5);
    }
  });
});
