import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteRange, FileBytes } from "#database/file-bytes.ts";
import { readOutline } from "#database/read-outline.ts";
import { decodeSql } from "#database/script.ts";
import { locateInFile } from "#sql/position.ts";
import { splitStatements } from "#sql/split.ts";
import { CORPUS } from "../sql/corpus.ts";
import { mutatedSql, Random, SEED } from "../sql/random.ts";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "confiture-scan-"))));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): FileBytes {
  const path = join(folder, "a.sql");
  writeFileSync(path, text);
  return new FileBytes("a.sql", path);
}

interface Found {
  readonly statements: readonly unknown[];
  readonly commands: readonly unknown[];
  readonly comments: readonly unknown[];
  readonly unterminated: unknown;
}

/** What an outline says of a file, with what it stands for read from the file. */
function outlined(text: string, window: number, together: boolean): Found | undefined {
  const source = fileOf(text);
  let conflict = false;
  const outline = readOutline(source, {
    decode: (bytes) => decodeSql("a.sql", bytes),
    refuse: () => (conflict = true),
    together,
    window,
  });
  if (outline === undefined || conflict) return undefined;
  const split = splitStatements(outline.text, 0, outline.text.length, { comments: true });
  const read = (range: ByteRange): string => decodeSql("a.sql", source.read(range));
  return {
    statements: split.statements.flatMap(({ start, end, terminated, copyData }) => {
      const range = outline.range(start, end);
      // A byte order mark in the middle of a file is none.
      const sql = `\n${read(range)}`;
      const parts = splitStatements(sql).statements;
      if (!together) expect(parts.length).toBeLessThanOrEqual(1);
      return parts.map((part) => ({
        sql: part.text,
        at: source.locate(range.from + Buffer.byteLength(sql.slice(1, part.start))),
        terminated: part.terminated || terminated,
        data: copyData === undefined ? undefined : [read(outline.data(copyData.start)), copyData.terminated],
      }));
    }),
    commands: split.psqlCommands.map(({ start, name }) => [name, outline.locate(start)]),
    comments: split.comments.map(({ start, end }) => [outline.text.slice(start, end), outline.locate(start)]),
    unterminated: split.unterminated?.what,
  };
}

function whole(text: string): Found {
  const split = splitStatements(text, 0, text.length, { comments: true });
  const place = (offset: number): unknown => locateInFile("a.sql", text, offset);
  return {
    statements: split.statements.map((statement) => ({
      sql: statement.text,
      at: place(statement.start),
      terminated: statement.terminated,
      data:
        statement.copyData === undefined
          ? undefined
          : [text.slice(statement.copyData.start, statement.copyData.end), statement.copyData.terminated],
    })),
    commands: split.psqlCommands.map(({ start, name }) => [name, place(start)]),
    comments: split.comments.map(({ start, end }) => [text.slice(start, end), place(start)]),
    unterminated: split.unterminated?.what,
  };
}

const INSERTS = [
  "INSERT INTO t VALUES (1);",
  "insert into t values ('é;', 2);",
  "INSERT INTO t VALUES (1) -- migrate:down\n;",
  "INSERT INTO t -- migrate:down\n VALUES (1);",
  "INSERT INTO t \\gset\n VALUES (1);",
  "INSERT INTO t /* a; */ VALUES ('𝒳');;",
  "COPY t FROM stdin;\n1\n\\.\n",
  "COPY t FROM stdin;\n1\r\n\\.\r",
  "COPY t FROM stdin; INSERT INTO t VALUES (3);\n1\n\\.\n",
  "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1;",
  "SELECT 1;",
  "INSERT",
];

/** The corpus in rows, ever further from SQL. */
function* texts(): Generator<string> {
  yield* CORPUS;
  yield 'SELECT 1;\n COPY t FROM stdin;"\n1,"a;b"\n\\.\nSELECT 2;';
  const random = new Random(SEED);
  const clean = (text: string): string => text.toWellFormed().replaceAll("\0", "");
  for (let run = 0; run < 150; run++) yield clean(mutatedSql(random, random.below(4)));
  for (let run = 0; run < 150; run++) {
    let text = "";
    for (let count = random.below(12); count > 0; count--)
      text += random.pick(INSERTS) + random.pick(["\n", " ", "-- a\n"]);
    yield clean(text + (run % 3 === 0 ? mutatedSql(random, 1) : ""));
  }
}

test("a file read piece by piece comes to the same statements as one read whole, whatever the pieces", () => {
  let compared = 0;
  let run = 0;
  for (const text of texts()) {
    if (splitStatements(text).conflictMarker !== undefined) continue;
    for (const window of [1, 7, 40, 1 << 20]) {
      const found = outlined(text, window, run++ % 2 === 0);
      if (found === undefined) continue;
      compared++;
      try {
        expect(found).toEqual(whole(text));
      } catch (error) {
        throw new Error(
          `CONFITURE_SEED=${SEED}, window ${window}, text ${JSON.stringify(text)}: ${(error as Error).message}`,
          {
            cause: error,
          },
        );
      }
    }
  }
  expect(compared).toBeGreaterThan(500);
});

test("an outline has what is lost and what speaks to the tool, not the rows", () => {
  const rows = (n: number): string => `INSERT INTO t VALUES (${n}, 'update, delete');\n`;
  const text = `-- migrate:up\n${rows(1)}${rows(2)}INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1;\n${rows(3)}COPY t FROM stdin;\n1\n\\.\n`;
  const outline = readOutline(fileOf(text), {
    decode: (bytes) => decodeSql("a.sql", bytes),
    refuse: () => {},
    together: true,
  });
  expect(outline?.text).toBe(
    "-- migrate:up\nINSERT INTO _ DEFAULT VALUES;\nINSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1;\nINSERT INTO _ DEFAULT VALUES;\nCOPY t FROM stdin;\n\\.\n",
  );
});

test.each([
  ["INSERT INTO t VALUES (1, 'a;b''c'), (2, E'\\';'), (3, \"x;\");", true],
  ["INSERT INTO t SELECT (1; 2), E'a'\n 'b\\';', U&'d' , B'1' FROM a.e;", true],
  ["insert into t values ('delete', 'é'), (1e5, 0x1F) on conflict do nothing;", true],
  ["INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1;", false],
  ["INSERT INTO t WITH d AS (DELETE FROM u RETURNING a) SELECT a FROM d;", false],
  ["INSERT INTO t VALUES (1 -- migrate:down\n);", false],
  ["INSERT INTO t VALUES /* a */ ($$;$$);", false],
  ["INSERT INTO t VALUES \\gset\n (1);", false],
])("an INSERT longer than what is read at a time: %s", (insert, isLeftOut) => {
  const outline = readOutline(fileOf(`SELECT 1;\n${insert}\nSELECT 2;`), {
    decode: (bytes) => decodeSql("a.sql", bytes),
    refuse: () => {},
    together: true,
    window: 12,
  });
  expect(outline?.text).toBe(`SELECT 1;\n${isLeftOut ? "INSERT INTO _ DEFAULT VALUES;" : insert}\nSELECT 2;`);
});

test("a place in the file is where it is in the text", () => {
  const text = "\uFEFFa\r\nb\rcé𝒳d\n\n  e";
  const source = fileOf(text);
  for (let at = 0; at <= text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) continue; // inside a pair
    expect(source.locate(Buffer.byteLength(text.slice(0, at)))).toEqual(locateInFile("a.sql", text, at));
  }
});

test("a file that changes after it was looked at is not read any further", () => {
  const source = fileOf("select 1;");
  writeFileSync(join(folder, "a.sql"), "drop table users;");
  expect(() => source.read({ from: 0, to: 4 })).toThrow("was changed");
});
