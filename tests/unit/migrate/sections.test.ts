import { describe, expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { SqlSource } from "#migrate/layouts/source.ts";
import { findSections } from "#migrate/files/sections.ts";

const parts = (text: string, opening: "up" | "down" = "up"): Record<string, unknown> => {
  const { main, down } = findSections(new SqlSource({ file: "m.sql", text }), opening);
  return {
    main: text.slice(main.start, main.end).trim(),
    transaction: main.transaction,
    ...(down === undefined ? {} : { down: text.slice(down.start, down.end).trim(), downTransaction: down.transaction }),
  };
};

describe("sections of a SQL migration", () => {
  test("a file without markers is all up", () => {
    expect(parts("SELECT 1;\n-- migrate\n-- migrated:up\n")).toMatchObject({
      main: "SELECT 1;\n-- migrate\n-- migrated:up",
    });
    expect(parts("")).toEqual({ main: "", transaction: undefined });
  });

  test("up and down, with options, CR LF and comments before", () => {
    expect(
      parts("-- a file\r\n\r\n-- migrate:up transaction:false\r\nSELECT 1;\r\n--migrate:down\r\nSELECT 2;\r\n"),
    ).toEqual({
      main: "SELECT 1;",
      transaction: false,
      down: "SELECT 2;",
      downTransaction: undefined,
    });
    expect(parts("-- migrate:up\nSELECT 1;\n-- migrate:down   transaction:true\n")).toEqual({
      main: "SELECT 1;",
      transaction: undefined,
      down: "",
      downTransaction: true,
    });
  });

  test("the same words in strings, bodies, block comments and data are no markers", () => {
    const text =
      "SELECT '\n-- migrate:down\n', $$\n-- migrate:up\n$$ /*\n-- migrate:down\n*/;\nCOPY t FROM stdin;\n-- migrate:down\n\\.\nSELECT 2;";
    expect(parts(text)).toEqual({ main: text, transaction: undefined });
  });

  test("sqlx's first line", () => {
    expect(parts("-- no-transaction\nSELECT 1")).toMatchObject({ transaction: false });
    expect(parts("SELECT 1;\n-- no-transaction\n")).toMatchObject({ transaction: undefined });
    expect(parts("-- no-transaction please\nSELECT 1")).toMatchObject({ transaction: undefined });
  });

  test("a .down.sql may begin with its marker", () => {
    expect(parts("-- migrate:down\nSELECT 1", "down")).toEqual({ main: "SELECT 1", transaction: undefined });
  });

  test.each([
    ["down alone", "-- migrate:down\nSELECT 1", 1, /^Put `-- migrate:up` above/, "up"],
    ["down first", "-- migrate:down\nSELECT 1;\n-- migrate:up\nSELECT 2", 1, /^Move the `-- migrate:up` section/, "up"],
    ["up twice", "-- migrate:up\n-- migrate:up\n", 2, /of its own/, "up"],
    ["down twice", "-- migrate:up\n-- migrate:down\n-- migrate:down\n", 3, /of its own/, "up"],
    ["up in a .down.sql", "\n-- migrate:up\nSELECT 1;\n", 2, /\.up\.sql/, "down"],
    ["SQL above", "SELECT 1;\n-- migrate:up\n", 1, /below/, "up"],
    ["an unknown option", "\n-- migrate:up transaction:no\n-- migrate:down\n", 2, /transaction:false/, "up"],
  ] as const)("%s is refused, with what to do", (_what, text, line, next, opening) => {
    try {
      findSections(new SqlSource({ file: "m.sql", text }), opening);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfitureError);
      expect(error).toMatchObject({ code: "migration_invalid", location: { file: "m.sql", line } });
      expect((error as ConfitureError).hint).toMatch(next);
      return;
    }
    throw new Error("not refused");
  });

  test("an unknown option of the way back is refused when that is asked for", () => {
    const { main, down } = findSections(
      new SqlSource({ file: "m.sql", text: "-- migrate:up\n-- migrate:down transaction:no\n" }),
    );
    expect(main.transaction).toBeUndefined();
    expect(() => down?.transaction).toThrow(ConfitureError);
  });
});
