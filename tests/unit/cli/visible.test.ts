import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { forPeople, paintFor } from "../../../src/cli/output/style.ts";
import { indented, inLine, visible, visibleJson } from "../../../src/cli/output/visible.ts";
import { NO_MORE } from "../../support/output.ts";

/** Every kind of character that a terminal acts upon, and how it is written out. */
const ACTING = [
  ["escape sequence", "\u001b[2J", "\\x1b[2J"],
  ["operating system command", "\u001b]0;title\u0007", "\\x1b]0;title\\x07"],
  ["C1 control", "\u009b31m", "\\x9b31m"],
  ["backspace", "a\bb", "a\\x08b"],
  ["delete", "\u007f", "\\x7f"],
  ["return to the line's beginning", "a\rb", "a\\rb"],
  ["NUL", "\0", "\\x00"],
  ["right-to-left override", "\u202egpj.exe", "\\u202egpj.exe"],
  ["isolate", "\u2066a\u2069", "\\u2066a\\u2069"],
  ["line separator", "a\u2028b", "a\\u2028b"],
] as const;

describe("what a terminal would act upon is written out", () => {
  test.each(ACTING)("%s", (_kind, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(inLine(text)).toBe(shown);
    expect(JSON.parse(visibleJson({ text }))).toEqual({ text });
    expect(visibleJson({ text })).not.toContain(text);
  });

  test("what it shows stays: letters, marks, emoji, lines and tabs", () => {
    const text = "naïve Größe 日本語 עברית العربية ⚠️ 👩‍💻\tcolumn\nline\n";
    expect(visible(text)).toBe(text);
    expect(visible("a\r\nb")).toBe("a\nb");
  });

  test("a name is one line, and a message's later lines stand apart", () => {
    expect(inLine("a\n✅ done\r\n\tx")).toBe("a\\n✅ done\\r\\n\\tx");
    expect(indented("a\n✅ done\r\nb")).toBe("a\n  ✅ done\n  b");
  });
});

test("colours are the tool's own: a text cannot bring any", () => {
  const output = { isTerminal: true, write: () => {}, ...NO_MORE };
  const paint = paintFor(output, "always", {});
  const red = forPeople(paint("red", "x"));
  expect(red).toBe("\u001b[31mx\u001b[39m");
  expect(forPeople(`${paint("red", "x")}${red}`)).toBe(`${red}\\x1b[31mx\\x1b[39m`);
  expect(forPeople(paintFor(output, "never", {})("red", "x"))).toBe("x");
});

/** Writes that are no text for people, or clear a line: exact scripts and JSON. */
const EXACT = [
  "io.stdout.write(`${visibleJson(document)",
  'stderr.write("\\n")',
  'stderr.write("^C\\n")',
  "io.stderr.write(CLEAR)",
];

test("nothing of the command line writes past it", () => {
  const folder = join(import.meta.dir, "../../../src/cli");
  const writes = [...new Glob("**/*.ts").scanSync(folder)].flatMap((file) =>
    readFileSync(join(folder, file), "utf8")
      .split("\n")
      .filter((line) => /std(out|err)\.write\(/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(writes.length).toBeGreaterThan(5);
  const wrong = writes.filter(
    (line) => !/forPeople\(|inLine\(|help\.text/.test(line) && !EXACT.some((exact) => line.includes(exact)),
  );
  expect(wrong).toEqual([]);
});
