import { describe, expect, test } from "bun:test";
import { tokens } from "./tokens.ts";
import { parseQualifiedName, quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";

describe("quoting", () => {
  test("identifiers are always quoted", () => {
    expect(quoteIdentifier("users")).toBe('"users"');
    expect(quoteIdentifier('a"b.c')).toBe('"a""b.c"');
    expect(quoteQualified("Odd Name", "t")).toBe('"Odd Name"."t"');
    expect(quoteQualified(undefined, "t")).toBe('"t"');
  });

  test("a literal with a backslash reads the same whatever standard_conforming_strings is", () => {
    expect(quoteLiteral("it's")).toBe("'it''s'");
    expect(quoteLiteral("")).toBe("''");
    expect(quoteLiteral("a\\b'c")).toBe(" E'a\\\\b''c'");
    expect(quoteLiteral("a\\' --")).toBe(" E'a\\\\'' --'");
  });

  test.each(["", "a", "it's", "\\", "\\'", "'\\''", "; -- \n", "$$", "/*"])("%j stays one token", (text) => {
    expect(tokens(`=${quoteLiteral(text)}`)).toHaveLength(2);
    expect(tokens(quoteIdentifier(`"${text}`))).toHaveLength(1);
  });
});

describe("parseQualifiedName", () => {
  test.each([
    ["users", { name: "users" }],
    ["Users", { name: "users" }],
    ["App.Users", { schema: "app", name: "users" }],
    ['"Odd Name".t', { schema: "Odd Name", name: "t" }],
    ['app."a""b.c"', { schema: "app", name: 'a"b.c' }],
    [' app . "T" ', { schema: "app", name: "T" }],
    ["größe$1.ÄB", { schema: "größe$1", name: "Äb" }],
    ["_x", { name: "_x" }],
  ])("%s", (text, name) => {
    expect(parseQualifiedName(text)).toEqual(name);
  });

  test.each(["", " ", ".", "a.", ".a", "a.b.c", "a b", "1a", '"a', '""', 'a."', '"a"b', "a-b", "a;", "$a", "a.1"])(
    "%j is no name",
    (text) => {
      expect(parseQualifiedName(text)).toBeUndefined();
    },
  );

  test("reads what quoteQualified writes", () => {
    for (const name of ["a", "A", 'x"y', "a.b", "ö🍓", " "]) {
      expect(parseQualifiedName(quoteQualified(name, name))).toEqual({ schema: name, name });
    }
  });
});
