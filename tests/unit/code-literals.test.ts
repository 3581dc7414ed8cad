import { expect, test } from "bun:test";
import { literalsOf } from "#compare/catalogue/code-literals.ts";

test("what strings hold stands where it stood, and everything else is blank", () => {
  const code = [
    `import { Migration } from "confiture"; // it's a comment "x"`,
    '/* `no` */ const t = \'users\', q = "a\\"b";',
    "this.execute(`CREATE TABLE ${t + `_${{ a: `x` }.a}`} (",
    "  id int",
    ");`);",
  ];
  const lines = literalsOf(code.join("\n")).split("\n");
  expect(lines.map((line) => line.replaceAll(/ +/g, " ").trim())).toEqual([
    "confiture;",
    "users; a b;",
    "CREATE TABLE _ x; ; (",
    "id int",
    ");;",
  ]);
  for (const [index, line] of lines.entries()) expect(line).toHaveLength(code[index]!.length);
  expect(lines[2]!.indexOf("CREATE")).toBe(code[2]!.indexOf("CREATE"));
});

test("a string that does not end is no string", () => {
  for (const code of ["'open\nx", "`open", '"', "`${", "}`"]) expect(literalsOf(code)).toHaveLength(code.length);
});
