import { describe, expect, test } from "bun:test";
import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { gap, tokens } from "./tokens.ts";

describe("white space and comments", () => {
  test("every kind of white space parts words", () => {
    expect(tokens("a b\tc\nd\re\ff\vg\r\nh")).toEqual([..."abcdefgh"].map((letter) => `word ${letter}`));
  });

  test("a no-break space is part of an identifier, as in PostgreSQL", () => {
    expect(tokens("a\u00a0b")).toEqual(["word a\u00a0b"]);
  });

  test("a byte order mark is skipped at the beginning only", () => {
    expect(tokens("\ufeffselect")).toEqual(["word select"]);
    expect(tokens("a \ufeffb")).toEqual(["word a", "word \ufeffb"]);
  });

  test.each([
    ["LF", "\n"],
    ["CR", "\r"],
    ["CRLF", "\r\n"],
  ])("a line comment ends at %s", (_name, lineEnd) => {
    expect(tokens(`a -- ; '${lineEnd}b`)).toEqual(["word a", "word b"]);
    expect(tokens(`a -- ; '${lineEnd}b`, true)).toEqual(["word a", "lineComment -- ; '", "word b"]);
  });

  test("a mix of line ends does not confuse comments", () => {
    expect(tokens("--a\r--b\n--c\r\n--d\re", true)).toEqual([
      "lineComment --a",
      "lineComment --b",
      "lineComment --c",
      "lineComment --d",
      "word e",
    ]);
  });

  test("a line comment may end the text", () => {
    expect(tokens("a--")).toEqual(["word a"]);
    expect(tokens("--", true)).toEqual(["lineComment --"]);
  });

  test("block comments nest", () => {
    expect(tokens("a /* b /* c */ ; */ d")).toEqual(["word a", "word d"]);
    expect(tokens("/*/ */x")).toEqual(["word x"]);
    expect(tokens("/***/x/**/y")).toEqual(["word x", "word y"]);
    expect(tokens("/* /**/ */ x", true)).toEqual(["blockComment /* /**/ */", "word x"]);
  });

  test("quotes mean nothing in comments, nor comments in quotes", () => {
    expect(tokens("/* ' */ a -- \"\n '--' \"/*\"")).toEqual(["word a", "string '--'", 'quotedIdentifier "/*"']);
  });

  test("an unclosed comment is a gap, at the outermost", () => {
    expect(gap("a /* b /* c */")).toEqual(["comment", 2]);
    expect(gap("/*/")).toEqual(["comment", 0]);
    expect(gap("/**")).toEqual(["comment", 0]);
    expect(gap("-- '")).toBeUndefined();
  });
});

describe("strings", () => {
  test.each(["''", "'a'", "'it''s'", "'\\'", "'a\nb;c'", "B'01'", "b'01'", "X'1F'", "N'a'", "U&'d\\0061'", "u&'\\'"])(
    "%s is one string",
    (text) => {
      expect(tokens(text)).toEqual([`string ${text}`]);
      expect(tokens(`${text};`)).toEqual([`string ${text}`, "semicolon ;"]);
    },
  );

  test.each(["E'\\''", "e'a\\\\'", "E'\\\\\\''", "E'it''s'"])("%s is one escape string", (text) => {
    expect(tokens(text)).toEqual([`string ${text}`]);
    expect(tokens(`${text} x`)).toEqual([`string ${text}`, "word x"]);
  });

  test("a part on a later line continues an escape string with its escapes", () => {
    const text = "E'a' -- note\n  'b\\';c'";
    expect(tokens(text)).toEqual([`string ${text}`]);
    expect(tokens("E'a' 'b\\' c")).toEqual(["string E'a'", "string 'b\\'", "word c"]);
    expect(tokens("'a'\n'b\\' c")).toEqual(["string 'a'", "string 'b\\'", "word c"]);
    expect(tokens("E'a'\n/**/'b\\' c")).toEqual(["string E'a'", "string 'b\\'", "word c"]);
  });

  test("a bit string knows no doubled quote", () => {
    expect(tokens("b'0''1'")).toEqual(["string b'0'", "string '1'"]);
    expect(gap("x'")).toEqual(["string", 0]);
  });

  test("a prefix letter counts only by itself", () => {
    expect(tokens("type'a\\'")).toEqual(["word type", "string 'a\\'"]);
    expect(tokens("u & 'a'")).toEqual(["word u", "operator &", "string 'a'"]);
    expect(tokens("u&a")).toEqual(["word u", "operator &", "word a"]);
    expect(tokens("e 'a\\'")).toEqual(["word e", "string 'a\\'"]);
    expect(tokens('e"a"')).toEqual(["word e", 'quotedIdentifier "a"']);
  });

  test.each(["'", "'a''", "E'a\\'", "E'\\", "E'a'\n'", "N'", "U&'a"])("%s is never closed", (text) => {
    expect(gap(`x ${text}`)).toEqual(["string", 2]);
  });
});

describe("quoted identifiers", () => {
  test.each(['"a"', '"a;b"', '"it""s"', '"\'"', 'U&"d\\0061"', 'u&"a"', '"a\nb"'])("%s is one", (text) => {
    expect(tokens(`${text}x`)).toEqual([`quotedIdentifier ${text}`, "word x"]);
  });

  test.each(['"', '"a""', 'U&"a'])("%s is never closed", (text) => {
    expect(gap(text)).toEqual(["quoted identifier", 0]);
  });
});

describe("dollar quotes", () => {
  test.each(["$$$$", "$$a;'b$$", "$tag$ $$ $other$ ; $tag$", "$_1$a$_1$", "$é🍓$a$é🍓$", "$a$$$a$", "$a$$b$a$"])(
    "%s is one string",
    (text) => {
      expect(tokens(`${text};`)).toEqual([`dollarString ${text}`, "semicolon ;"]);
    },
  );

  test("a tag is matched exactly", () => {
    expect(tokens("$a$ $A$ $a$")).toEqual(["dollarString $a$ $A$ $a$"]);
    expect(tokens("$a$ $ab$ $a $a$")).toEqual(["dollarString $a$ $ab$ $a $a$"]);
  });

  test("a dollar after an identifier character belongs to the identifier", () => {
    expect(tokens("a$$b; c$d$ 'x'")).toEqual(["word a$$b", "semicolon ;", "word c$d$", "string 'x'"]);
    expect(tokens("é$$;")).toEqual(["word é$$", "semicolon ;"]);
  });

  test("a dollar after a digit or a bracket does not", () => {
    expect(tokens("1$$;$$")).toEqual(["number 1", "dollarString $$;$$"]);
    expect(tokens("($$;$$)")).toEqual(["open (", "dollarString $$;$$", "close )"]);
  });

  test("$1 is a parameter", () => {
    expect(tokens("$1+$23,$1$$;$$")).toEqual([
      "parameter $1",
      "operator +",
      "parameter $23",
      "punctuation ,",
      "parameter $1",
      "dollarString $$;$$",
    ]);
  });

  test("a dollar that opens nothing is a token by itself", () => {
    expect(tokens("$ $a ;$")).toEqual(["other $", "other $", "word a", "semicolon ;", "other $"]);
    expect(tokens("$a-b$")).toEqual(["other $", "word a", "operator -", "word b$"]);
  });

  test.each(["$$", "$$a$", "$a$b$A$", "$a$ $ab$"])("%s is never closed", (text) => {
    expect(gap(` ${text}`)).toEqual(["dollar-quoted string", 1]);
  });
});

describe("numbers", () => {
  test.each([
    "0",
    "42",
    "3.5",
    "4.",
    ".001",
    "5e2",
    "1.925e-3",
    "1E+10",
    "1_500_000",
    "0x1EF",
    "0o17",
    "0b1001",
    "0x_1e",
    ".5e1",
    "1.5_0",
  ])("%s is one", (text) => {
    expect(tokens(`${text},`)).toEqual([`number ${text}`, "punctuation ,"]);
  });

  test("two dots are no decimal point", () => {
    expect(tokens("1..10")).toEqual(["number 1", "punctuation ..", "number 10"]);
  });

  test("a sign without digits is no exponent", () => {
    expect(tokens("1e+x")).toEqual(["number 1e", "operator +", "word x"]);
    expect(tokens("0x1e+5")).toEqual(["number 0x1e", "operator +", "number 5"]);
  });
});

describe("identifiers", () => {
  test.each(["a", "_a", "a1", "a$1", "größe", "表", "🍓", "éa$", "E", "n1", "u"])("%s is one", (text) => {
    expect(tokens(`${text} ${text}.x`)).toEqual([`word ${text}`, `word ${text}`, "punctuation .", "word x"]);
  });
});

describe("operators and punctuation", () => {
  test("a comment begins inside a run of operator characters", () => {
    expect(tokens("1+--;\n2")).toEqual(["number 1", "operator +", "number 2"]);
    expect(tokens("1*/*;*/2")).toEqual(["number 1", "operator *", "number 2"]);
    expect(tokens("@-/* */x")).toEqual(["operator @-", "word x"]);
  });

  test("a trailing sign is an operator of its own, unless the operator is no SQL one", () => {
    expect(tokens("a=-1")).toEqual(["word a", "operator =", "operator -", "number 1"]);
    expect(tokens("a<>-+1")).toEqual(["word a", "operator <>", "operator -", "operator +", "number 1"]);
    expect(tokens("a@-1")).toEqual(["word a", "operator @-", "number 1"]);
  });

  test.each(["||", "->>", "#>", "?|", "@>", "<->", "!~~*", "=>", "<=", "&&"])("%s is one operator", (text) => {
    expect(tokens(`a${text}b`)).toEqual(["word a", `operator ${text}`, "word b"]);
  });

  test("the rest", () => {
    expect(tokens("a::b := [1,2] (.) ;")).toEqual([
      "word a",
      "punctuation ::",
      "word b",
      "punctuation :=",
      "punctuation [",
      "number 1",
      "punctuation ,",
      "number 2",
      "punctuation ]",
      "open (",
      "punctuation .",
      "close )",
      "semicolon ;",
    ]);
    expect(tokens("\\x {}\0")).toEqual(["backslash \\", "word x", "other {", "other }", "other \0"]);
  });
});

describe("a part of a text", () => {
  test("reads what lies between the offsets, as if the text ended there", () => {
    const text = "aaa 'bbb' /* c */ $$d$$ ee";
    const ends = Array.from({ length: text.length + 1 }, (_, limit) => {
      const lexer = new Lexer(text, 2, limit, true);
      while (lexer.next()) expect(lexer.end).toBeLessThanOrEqual(limit);
      return lexer.end;
    });
    expect(ends.slice(2)).toEqual(Array.from({ length: text.length - 1 }, (_, index) => index + 2));
    const lexer = new Lexer(text, 0, 7);
    while (lexer.next());
    expect([lexer.kind, lexer.start, lexer.gap]).toEqual([TokenKind.string, 7, "string"]);
  });
});
