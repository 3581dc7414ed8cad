import { expect, test } from "bun:test";
import { inside, loadParser } from "#sql/parser.ts";
import { Statement } from "#sql/statement.ts";
import { codeIn } from "#sql/strings-in-code.ts";

test("the body of a function is what PostgreSQL's parser makes of it", async () => {
  const parser = await loadParser();
  for (const body of [
    "'DELETE FROM \"it''s\"'",
    "$$DELETE$$",
    "$tag$it's $$ it$tag$",
    "E'\\x44ELETE\\t\\\\ it\\'s ''so'' \\u0041\\U00000042\\103\\q'",
    "e'\\n\\r\\b\\f'",
    "U&'\\0044ELETE \\+000041 \\\\ it''s'",
    "u&'!0044ELETE !! \\' UESCAPE '!'",
    "'DEL'\n'ETE'  \n ' FROM t'",
    "E'\\x44'\n'\\x45LETE'",
    "N'DELETE'",
    "''",
  ]) {
    const sql = `CREATE FUNCTION f() RETURNS void AS ${body}`;
    const options = inside(parser.parse(sql), "CreateFunctionStmt")?.options ?? [];
    const [as] = inside(inside(options[0], "DefElem")?.arg, "List")?.items ?? [];
    const read = inside(as, "String")?.sval ?? (body === "''" ? "" : undefined);
    // N'...' is no literal of a body, but one of a query.
    const expected = read ?? "DELETE";
    expect({ body, read: codeIn(Statement.of(sql).tokens()) }).toEqual({ body, read: [expected] });
  }
  expect(codeIn(Statement.of("SELECT B'01', X'44', \"a'b\", $1").tokens())).toEqual([]);
});
