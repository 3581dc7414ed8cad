import { describe, expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { newestAndEmbedded, newestServer } from "../../support/engines.ts";
import { failureOf, placeOf } from "../failure.ts";
import { building } from "./building.ts";

const TABLE = "CREATE TABLE t (id int, name text);\n";

for (const engine of newestAndEmbedded) {
  describe(engine.name, () => {
    test("COPY blocks between statements, with everything that could be mistaken for SQL", async () => {
      await using b = await building(engine, {
        "1.sql": `${TABLE}COPY public.t (id, name) FROM stdin;\n1\tit's; -- $$ /* \\N\n2\t\\N\n3\ttab\\tnew\\nback\\\\slash 🍓\n\\.\n\nCOPY t FROM STDIN WITH (FORMAT csv, HEADER);\nid,name\n4,"a,""b"";\nsecond line"\n\\.\nUPDATE t SET id = id + 10;\n`,
      });
      await b.build();
      expect(await b.query("SELECT id, name FROM t ORDER BY id")).toEqual([
        { id: 11, name: "it's; -- $$ /* N" },
        { id: 12, name: null },
        { id: 13, name: "tab\tnew\nback\\slash 🍓" },
        { id: 14, name: 'a,"b";\nsecond line' },
      ]);
    });

    test("a bad row is found in the file, and nothing is kept", async () => {
      await using b = await building(engine, {
        "1.sql": TABLE,
        "2.sql": "SELECT 1;\nCOPY t FROM stdin;\n1\tone\n2\ttwo\nthree\tthree\n\\.\nSELECT 2;\n",
      });
      const error = await failureOf(b.build());
      expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "22P02" } });
      expect(placeOf(error)).toBe("db/schema/2.sql:5:1");
      expect(error.location?.sourceLine).toBe("three\tthree");
      expect(error.server?.context).toContain("COPY t, line 3");
      expect(await b.relations()).toEqual([]);
      await b.project.write("db/schema/2.sql", "COPY t FROM stdin;\n7\tseven\n\\.\n");
      await b.build();
      expect(await b.query("SELECT id FROM t")).toEqual([{ id: 7 }]);
    });

    test("data that cannot be read to its end fails with the reason; nothing is kept, and the session goes on", async () => {
      await using b = await building(engine, { "1.sql": "SELECT 1" });
      await b.database.execute("CREATE TABLE t (id int)");
      const broken = function* (): Generator<string> {
        yield "1\n";
        throw new ConfitureError("file_unreadable", "The file became shorter while it was read");
      };
      expect(await failureOf(b.database.copyIn("COPY t FROM stdin", broken()))).toMatchObject({
        code: "file_unreadable",
      });
      await b.database.copyIn("COPY t FROM stdin", ["2\n", "", "3\n"]);
      expect(await b.query("SELECT id FROM t ORDER BY id")).toEqual([{ id: 2 }, { id: 3 }]);
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test.each([
      ["too few columns", "1\tone\n2\n", "22P04", 5],
      ["too many columns", "1\tone\textra\n", "22P04", 4],
      ["a broken constraint", "1\tone\n1\tagain\n2\ttwo\n", "23505", 5],
    ])("the line of a bad row: %s", async (_what, rows, sqlstate, line) => {
      await using b = await building(engine, {
        "1.sql": `${TABLE.trim()} ALTER TABLE t ADD PRIMARY KEY (id);\n\nCOPY t FROM stdin;\n${rows}\\.\n`,
      });
      const error = await failureOf(b.build());
      expect(error.server?.sqlstate).toBe(sqlstate);
      expect(placeOf(error)).toStartWith(`db/schema/1.sql:${line}:`);
    });

    test("a file larger than is read at once: data, places of failures, and what stands around it", async () => {
      const row = (n: number): string => `${n}\t${"é".repeat(40)} \\\\. ${n}\n`;
      const rows = Array.from({ length: 200_000 }, (_, n) => row(n)).join("");
      const csv = `id,name\n1,"two\nlines"\n${"x".repeat(600_000)}`.replace(/x/, '2,"x') + '"\n';
      const file = (before: string, data: string, behind: string): string =>
        `\uFEFFBEGIN;\n${TABLE}${before}COPY t FROM stdin;\n${data}\\.\n-- between\n${behind}COPY t FROM stdin (FORMAT csv, HEADER);\n${csv}\\.\r\nCOMMIT`;
      const good = file("", rows, "INSERT INTO t VALUES (-1, 'between');\n");
      expect(Buffer.byteLength(good)).toBeGreaterThan(17_000_000);
      await using b = await building(engine, { "1.sql": good });
      await b.build();
      expect(
        await b.query(
          `SELECT count(*)::int, sum(id)::text, count(*) FILTER (WHERE name = repeat('é', 40) || ' \\. ' || id)::int AS same,
             count(*) FILTER (WHERE name = E'two\nlines')::int AS two, max(length(name)) AS longest FROM t`,
        ),
      ).toEqual([
        { count: 200_003, sum: String((200_000 * 199_999) / 2 + 2), same: 200_000, two: 1, longest: 600_000 },
      ]);

      const places: [string, string, string, string][] = [
        ["", `${rows}bad\trow\n`, "", "db/schema/1.sql:200004:1"],
        ["", rows, "SELECT 'ü', nope;\n", "db/schema/1.sql:200006:13"],
        ["", rows, "COMMIT;\n", "db/schema/1.sql:1:1"],
        ["", rows, "\\connect other\n", "db/schema/1.sql:200006:1"],
        ["SELECT 1/0;\n", rows, "", "db/schema/1.sql:3:1"],
      ];
      await b.query("DROP TABLE t");
      for (const [before, data, behind, place] of places) {
        await b.project.write("db/schema/1.sql", file(before, data, behind));
        expect(placeOf(await failureOf(b.build()))).toBe(place);
        expect(await b.relations()).toEqual([]);
      }
    });

    test("a table that is not there", async () => {
      await using b = await building(engine, {
        "1.sql": "SELECT 1;\n  COPY nowhere FROM stdin;\n1\tone\n\\.\nSELECT 2;\n",
        "2.sql": "CREATE TABLE nowhere (id int, name text);",
      });
      const error = await failureOf(b.build());
      expect(error.server?.sqlstate).toBe("42P01");
      expect(placeOf(error)).toStartWith("db/schema/1.sql:2:");
      expect(error.hint).toContain("db/schema/2.sql:1");
      // The session is in step with the server again.
      expect(await b.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    });

    test("the last block of a file may lack its end; the next file is not data", async () => {
      await using b = await building(engine, {
        "1.sql": `${TABLE}COPY t FROM stdin;\n1\tone\n2\ttwo`,
        "2.sql": "COPY t FROM stdin;\n\\.\nCREATE TABLE u (id int);",
      });
      await b.build();
      expect(await b.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 2 }]);
      expect(await b.relations()).toEqual(["t", "u"]);
    });

    test("CR LF data, as a checkout on Windows has it", async () => {
      await using b = await building(engine, {
        "1.sql": `${TABLE}COPY t FROM stdin;\n1\tone\n2\ttwo\n\\.\nSELECT 1;\n`.replaceAll("\n", "\r\n"),
      });
      await b.build();
      expect(await b.query("SELECT name FROM t ORDER BY id")).toEqual([{ name: "one" }, { name: "two" }]);
    });

    test("the bad row of CR LF data", async () => {
      await using b = await building(engine, {
        "1.sql": `${TABLE}COPY t FROM stdin;\n1\tone\nx\ttwo\n\\.\n`.replaceAll("\n", "\r\n"),
      });
      const error = await failureOf(b.build());
      expect(placeOf(error)).toBe("db/schema/1.sql:4:1");
    });

    test("many failures and successes on one session keep it in step", async () => {
      await using b = await building(engine, { "1.sql": "SELECT 1" });
      await b.database.execute("CREATE TABLE t (id int)");
      for (let n = 0; n < 10; n++) {
        const rows = (text: string): string[] => Array.from({ length: 200 }, () => text.repeat(500));
        await failureOf(b.database.copyIn("COPY t FROM stdin", rows(`${n}\n`).concat("x\n", rows("1\n"))));
        await b.database.copyIn("COPY t FROM stdin", ["1\n"]);
        await failureOf(b.database.copyIn("COPY nowhere FROM stdin", rows("1\n")));
      }
      expect(await b.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 10 }]);
    });

    test("pg_dump's \\restrict lines are no harm", async () => {
      await using b = await building(engine, {
        "1.sql": `--\n-- PostgreSQL database dump\n--\n\n\\restrict oFdWLk3o1ab2\n\nSET statement_timeout = 0;\n${TABLE}\n\\unrestrict oFdWLk3o1ab2\n\n`,
        "2.sql": "\\restrict x\nCREATE TABLE u (id int);\nCREATE TABLE u (id int);\n\\unrestrict x",
      });
      const error = await failureOf(b.build());
      expect(placeOf(error)).toBe("db/schema/2.sql:3:1");
      await b.project.write(
        "db/schema/2.sql",
        "\\restrict x\nCOPY t FROM stdin;\n1\t\\\\restrict\n\\.\n\\unrestrict x\n",
      );
      await b.build();
      expect(await b.query("SELECT name FROM t")).toEqual([{ name: "\\restrict" }]);
    });

    test.each([
      ["\\i :file", "i"],
      ["\\i `ls`", "i"],
      ["SELECT 1 \\i 1.sql", "i"],
      ["\\connect other", "connect"],
      ["SELECT 1 \\gset", "gset"],
      ["\\set ON_ERROR_STOP off", "set"],
      ["\\set x 1", "set"],
      ["\\copy t FROM 'x.csv'", "copy"],
      ["\\! rm -rf /", "!"],
      ["\\restricted", "restricted"],
    ])("another command of psql is refused by name: %s", async (line, name) => {
      await using b = await building(engine, { "1.sql": "CREATE TABLE t (id int)", "2.sql": `SELECT 1;\n${line}\n` });
      const error = await failureOf(b.build());
      expect(error).toMatchObject({ code: "sql_psql_command", exitCode: 1 });
      expect(error.message).toContain(`\\${name} `);
      expect(placeOf(error)).toStartWith("db/schema/2.sql:2:");
      expect(await b.relations()).toEqual([]);
    });
  });
}
