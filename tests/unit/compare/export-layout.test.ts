import { describe, expect, test } from "bun:test";
import { comparePaths } from "#build/order.ts";
import { type FolderKind, layOut, type LayoutUnit } from "#compare/tree/layout.ts";
import { distinctFileNames } from "#compare/tree/file-names.ts";

function unit(folder: FolderKind, name: string, needs: string[] = [], mentions: string[] = []): LayoutUnit {
  return { key: `${folder} ${name}`, folder, name, needs: new Set(needs), mentions: new Set(mentions) };
}

function pathsOf(...units: LayoutUnit[]): Record<string, string> {
  return Object.fromEntries(layOut(units).paths);
}

describe("the order follows from names", () => {
  test("each kind has its folder", () => {
    expect(
      pathsOf(
        unit("views", "b", ["tables a"]),
        unit("tables", "a", ["types t"]),
        unit("types", "t"),
        unit("foreign_keys", "a", ["tables a"]),
        unit("functions", "f", ["tables a"]),
      ),
    ).toEqual({
      "types t": "02_types/t.sql",
      "tables a": "10_tables/a.sql",
      "functions f": "30_functions/f.sql",
      "views b": "40_views/b.sql",
      "foreign_keys a": "60_foreign_keys/a.sql",
    });
  });

  test("a function that a table needs comes before tables, with what it speaks of; other functions do not", () => {
    const paths = pathsOf(
      unit("tables", "t", ["functions f"]),
      unit("functions", "f", [], ["functions g"]),
      unit("functions", "g"),
      unit("functions", "h"),
    );
    expect(paths).toMatchObject({ "functions f": "03_functions/f.sql" });
    expect(paths["functions g"]).toBe("03_functions/00_g.sql");
    expect(paths["functions h"]).toBe("30_functions/h.sql");
  });

  test("only what would sort too late gets a number in front", () => {
    const paths = pathsOf(
      unit("views", "a", ["views m"]),
      unit("views", "b", ["views a"]),
      unit("views", "m", ["views z"]),
      unit("views", "z"),
      unit("views", "y"),
    );
    expect(paths).toEqual({
      "views z": "40_views/00_z.sql",
      "views m": "40_views/01_m.sql",
      "views a": "40_views/a.sql",
      "views b": "40_views/b.sql",
      "views y": "40_views/y.sql",
    });
  });

  test("what needs something of a later folder goes into a further round of folders", () => {
    const paths = pathsOf(
      unit("tables", "t", ["views v"]),
      unit("views", "v", ["functions f"]),
      unit("functions", "f", ["views u"]),
      unit("views", "u"),
      unit("indexes", "t", ["tables t"]),
      unit("triggers", "t", ["tables t"]),
    );
    expect(paths).toEqual({
      "views u": "40_views/u.sql",
      "functions f": "46_functions/f.sql",
      "views v": "47_views/v.sql",
      "tables t": "48_tables/t.sql",
      "indexes t": "49_indexes/t.sql",
      "triggers t": "70_triggers/t.sql",
    });
  });

  test("functions that call each other: the first to run speaks of what comes later", () => {
    const { paths, ahead } = layOut([
      unit("functions", "even", [], ["functions odd"]),
      unit("functions", "odd", [], ["functions even"]),
    ]);
    expect(paths.size).toBe(2);
    expect(ahead.size).toBe(1);
  });

  test("whatever the dependencies, everything comes after what it needs", () => {
    const kinds: FolderKind[] = [
      "types",
      "functions",
      "tables",
      "partitions",
      "indexes",
      "views",
      "materialized_views",
    ];
    // A reproducible sequence (the constants are those of Numerical Recipes).
    let state = 7;
    const random = (below: number): number => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 200; round++) {
      const units: LayoutUnit[] = [];
      for (let index = 0; index < 60; index++) {
        const pick = (): string[] =>
          Array.from({ length: random(3) }, () => units[random(units.length)]?.key ?? []).flat();
        units.push(unit(kinds[random(kinds.length)]!, `${"aAbB_"[random(5)]}${random(40)}${index}`, pick(), pick()));
      }
      const { paths } = layOut(units);
      expect(new Set([...paths.values()].map((path) => path.toLowerCase())).size).toBe(units.length);
      for (const { key, needs } of units) {
        for (const needed of needs) {
          expect(comparePaths(paths.get(needed)!, paths.get(key)!)).toBeLessThan(0);
        }
      }
    }
  });
});

describe("file names", () => {
  test.each([
    ["users", "users"],
    ["ünïcödé", "unicode"],
    ["顧客", "顧客"],
    ["../../etc/passwd", "____etc_passwd"],
    ["a b\\c:d*e", "a_b_c_d_e"],
    [".hidden", "_.hidden"],
    ["1st", "_1st"],
    ["con", "_con"],
    ["NUL.table", "_NUL.table"],
    ["🍓", "_"],
  ])("%p is %p", (name, safe) => {
    expect(distinctFileNames([name])).toEqual([safe]);
  });

  test("stay distinct where upper and lower case are one", () => {
    expect(distinctFileNames(["users", "Users", "USERS", "users-2"])).toEqual([
      "users",
      "Users-2",
      "USERS-3",
      "users-2-2",
    ]);
  });
});
