import { expect, test } from "bun:test";
import { renderLocation } from "#cli/output/diagnostic.ts";
import { locateInFile } from "#sql/position.ts";

test.each([1, 60, 999, 1000, 1001, 2500, 4993])(
  "the excerpt has its caret under the place, at column %i of 5,000",
  (column) => {
    const words = Array.from({ length: 625 }, (_, index) => `x${String(index).padStart(6, "0")},`).join("");
    const location = locateInFile("a.sql", `\n${words}\n`, column);
    const [place, line = "", caret = ""] = renderLocation(location, (_, text) => text);
    expect(place).toBe(`  --> a.sql:2:${column}`);
    expect(line.length).toBeLessThan(130);
    const under = line.slice(caret.indexOf("^"));
    expect(under.slice(0, 7)).toBe(words.slice(column - 1, column + 6));
  },
);
