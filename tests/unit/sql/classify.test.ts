import { describe, expect, test } from "bun:test";
import { transactionControl, unwrapTransaction } from "#sql/classify.ts";
import { splitStatements } from "#sql/split.ts";

describe("transactionControl", () => {
  const verb = (sql: string): string | undefined => transactionControl(splitStatements(sql).statements[0]!);

  test.each([
    ["begin", "BEGIN"],
    ["BEGIN WORK ISOLATION LEVEL SERIALIZABLE", "BEGIN"],
    ["start transaction read only", "START TRANSACTION"],
    ["COMMIT", "COMMIT"],
    ["COMMIT WORK", "COMMIT"],
    ["COMMIT AND CHAIN", "COMMIT"],
    ["END", "END"],
    ["end transaction", "END"],
    ["ROLLBACK", "ROLLBACK"],
    ["ROLLBACK /* TO */ WORK", "ROLLBACK"],
    ["ROLLBACK AND NO CHAIN", "ROLLBACK"],
    ["ABORT", "ABORT"],
    ["PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"],
    ["COMMIT PREPARED 'x'", "COMMIT PREPARED"],
    ["ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED"],
  ])("%s is %s", (sql, expected) => {
    expect(verb(sql)).toBe(expected);
  });

  test.each([
    "SAVEPOINT a",
    "RELEASE SAVEPOINT a",
    "ROLLBACK TO a",
    "ROLLBACK TO SAVEPOINT a",
    "ROLLBACK WORK TO SAVEPOINT a",
    "ROLLBACK TRANSACTION TO a",
    "SET TRANSACTION READ ONLY",
    "PREPARE p AS SELECT 1",
    "PREPARE transaction AS SELECT 1",
    "PREPARE transaction (int) AS SELECT $1",
    "DO $$ BEGIN COMMIT; END $$",
    'SELECT "commit"',
    '"begin"',
  ])("%s is none", (sql) => {
    expect(verb(sql)).toBeUndefined();
  });
});

describe("unwrapTransaction", () => {
  const use = (sql: string): unknown => {
    const result = unwrapTransaction(splitStatements(sql).statements);
    if (result.kind === "begun" || result.kind === "blocks") return result.kind;
    if (result.kind === "wrapped") {
      return [...result.inner.map((statement) => statement.text), ...(result.modes === "" ? [] : [result.modes])];
    }
    return result.kind === "control" ? [result.kind, result.statement.start, result.verb] : result.kind;
  };

  test.each(["", "SELECT 1;", "SAVEPOINT a; ROLLBACK TO a;"])("%j controls nothing", (sql) => {
    expect(use(sql)).toBe("none");
  });

  test.each([
    ["BEGIN; SELECT 1; SELECT 2; COMMIT;", ["SELECT 1", "SELECT 2"]],
    ["-- x\nbegin work;\nSELECT 1;\nend work", ["SELECT 1"]],
    ["START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; COMMIT TRANSACTION;", ["SAVEPOINT a", "ROLLBACK TO a"]],
    ["BEGIN TRANSACTION; SELECT 1; COMMIT AND NO CHAIN;", ["SELECT 1"]],
    ["BEGIN; COMMIT;", []],
    [
      "BEGIN ISOLATION LEVEL SERIALIZABLE, read only; SELECT 1; COMMIT;",
      ["SELECT 1", "ISOLATION LEVEL SERIALIZABLE , READ ONLY"],
    ],
    ["START TRANSACTION READ ONLY; COMMIT;", ["READ ONLY"]],
    ["SET a = 1; RESET b; BEGIN; SELECT 1; COMMIT", ["SET a = 1", "RESET b", "SELECT 1"]],
  ])("%j is wrapped", (sql, inner) => {
    expect(use(sql)).toEqual(inner);
  });

  test.each([
    "SELECT 1; BEGIN; SELECT 2; COMMIT;",
    "BEGIN; SELECT 1; COMMIT; SELECT 2;",
    "BEGIN; SELECT 1; COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 2; END;",
    "BEGIN; SELECT 1; COMMIT; RESET a;",
    // Before BEGIN these have no effect.
    "SET LOCAL a = 1; BEGIN; SELECT 1; COMMIT;",
    "SET TRANSACTION READ ONLY; BEGIN; SELECT 1; COMMIT;",
    "SELECT set_config('a', f(), false); BEGIN; SELECT 1; COMMIT;",
  ])("%j has whole blocks", (sql) => {
    expect(use(sql)).toBe("blocks");
  });

  test.each(["BEGIN; SELECT 1;", "SELECT 1; BEGIN; SELECT 2; START TRANSACTION;"])("%j only begins", (sql) => {
    expect(use(sql)).toBe("begun");
  });

  test.each([
    ["COMMIT; SELECT 1; SELECT 2; BEGIN;", [1, 1]],
    ["SELECT 1; SELECT 2; COMMIT; BEGIN; SELECT 3;", [2, 1]],
    ["SELECT 1; COMMIT; SELECT 2; START TRANSACTION; SELECT 3; SELECT 4; END; BEGIN;", [1, 1, 2]],
  ])("%j cuts the transaction around it", (sql, lengths) => {
    const found = unwrapTransaction(splitStatements(sql).statements);
    expect(found.kind === "cut" ? found.parts.map(({ length }) => length) : found.kind).toEqual(lengths);
  });

  test.each([
    ["BEGIN; SELECT 1; ROLLBACK;", 0, "BEGIN"],
    ["BEGIN; SELECT 1; COMMIT AND CHAIN;", 0, "BEGIN"],
    ["SELECT 1; COMMIT;", 10, "COMMIT"],
    ["COMMIT; SELECT 1; BEGIN; SELECT 2; COMMIT;", 0, "COMMIT"],
    ["COMMIT; SELECT 1; BEGIN READ ONLY;", 0, "COMMIT"],
    ["BEGIN; SELECT 1; PREPARE TRANSACTION 'x';", 0, "BEGIN"],
    ["BEGIN; SELECT 1; BEGIN; SELECT 2; COMMIT;", 0, "BEGIN"],
    ["BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2;", 0, "BEGIN"],
    ["BEGIN READ ONLY; SELECT 1;", 0, "BEGIN"],
  ])("%j has control of its own", (sql, start, verb) => {
    expect(use(sql)).toEqual(["control", start, verb]);
  });
});
