import { describe, expect, test } from "bun:test";
import type { ConfitureError } from "#errors/error.ts";
import { type PlannedDatabase, requireSameDatabase } from "#migrate/approval/planned-database.ts";

const searchPath = { setting: '"$user", public', schemas: ["public"] };
const SHOP: PlannedDatabase = { name: "shop", place: "db-1:5432", system: "7412", oid: 16_384, searchPath };
const UNKNOWN = { system: null, oid: null };

describe("a plan that was made for db-1:5432/shop", () => {
  test.each<[string, PlannedDatabase, PlannedDatabase, "same" | "said" | "refused"]>([
    ["that database", SHOP, SHOP, "same"],
    ["a standby that took over", SHOP, { ...SHOP, place: "db-2:5432" }, "said"],
    ["it under a new name", SHOP, { ...SHOP, name: "store" }, "said"],
    ["another server at its address", SHOP, { ...SHOP, system: "7413" }, "refused"],
    ["a database of its name that was made anew", SHOP, { ...SHOP, oid: 20_000 }, "refused"],
    ["another database of the server", SHOP, { ...SHOP, name: "test", oid: 20_000 }, "refused"],
    ["its address, where nobody may ask more", SHOP, { ...SHOP, ...UNKNOWN }, "same"],
    ["another address, where nobody may ask more", { ...SHOP, ...UNKNOWN }, { ...SHOP, place: "db-2:5432" }, "refused"],
    ["another name, where nobody may ask more", { ...SHOP, ...UNKNOWN }, { ...SHOP, name: "test" }, "refused"],
    ["it with another search_path", SHOP, { ...SHOP, searchPath: { setting: "a", schemas: ["a"] } }, "refused"],
    [
      "it with a schema named as the user",
      SHOP,
      { ...SHOP, searchPath: { ...searchPath, schemas: ["u", "public"] } },
      "refused",
    ],
    ["one that is made meanwhile", { ...SHOP, ...UNKNOWN, searchPath: null }, { ...SHOP, ...UNKNOWN }, "same"],
  ])("runs on %s: or not", (_what, planned, now, expected) => {
    let outcome: string;
    try {
      outcome = requireSameDatabase(planned, now) === undefined ? "same" : "said";
    } catch (error) {
      expect(error).toMatchObject({ code: "plan_outdated" } satisfies Partial<ConfitureError>);
      outcome = "refused";
    }
    expect(outcome).toBe(expected);
  });
});
