import { expect, test } from "bun:test";
import { rowColumns } from "#sql/row-columns.ts";

test("the columns that a trigger function names are known, unless it hands on the whole row", () => {
  const known: readonly (readonly [body: string, columns: readonly string[] | undefined])[] = [
    [`BEGIN NEW.a := OLD."B ""x"; new.C = 'NEW.d'; RETURN NEW; END`, ["a", 'B "x', "c"]],
    ["BEGIN -- NEW.a\n RETURN OLD; END", []],
    ["BEGIN SELECT 1 INTO NEW . a; RETURN NULL; END", ["a"]],
    ["BEGIN NEW := other(NEW.a); RETURN NEW; END", undefined],
    ["BEGIN RETURN other(NEW); END", undefined],
    ["BEGIN IF NEW.* IS DISTINCT FROM OLD.* THEN NEW.a := 1; END IF; RETURN NEW; END", undefined],
    ["BEGIN SELECT t.new, t.old FROM t; RETURN NEW; END", []],
  ];
  for (const [body, columns] of known) {
    const found = rowColumns(body);
    expect(found === undefined ? undefined : [...found], body).toEqual(columns as string[]);
  }
});
