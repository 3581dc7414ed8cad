import { describe, expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { type FileFacts, type HistoryEntry, joinHistory } from "#migrate/history.ts";
import type { LedgerRow, LedgerState } from "#migrate/ledger/ledger.ts";
import { heldWithin } from "#migrate/phases/held-migrations.ts";
import { planDown, planUp } from "#migrate/plan.ts";
import { isAnother } from "#migrate/renamed.ts";

const file = (version: string): MigrationFile => ({
  version,
  name: "n",
  form: "sql",
  layout: "confiture",
  path: `m/${version}_n.sql`,
});

const row = (version: string, state: LedgerState = "applied", checksum: string | null = "same"): LedgerRow => ({
  version,
  name: "n",
  checksum,
  appliedAt: new Date(0),
  executionMs: 1,
  appliedBy: "me",
  toolVersion: "1",
  state,
  statementsDone: null,
  statementsTotal: null,
});

const facts = (checksumOf: FileFacts["checksumOf"]): FileFacts => ({ checksumOf, originOf: () => undefined });
const join = (files: string[], rows: LedgerRow[], checksum = "same"): HistoryEntry[] =>
  joinHistory(
    files.map(file),
    rows,
    facts(() => checksum),
  );
const standings = (entries: HistoryEntry[]): string[] => entries.map((entry) => `${entry.version} ${entry.standing}`);
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfitureError) return error.code;
    throw error;
  }
  return "none";
};

describe("files and ledger side by side", () => {
  test.each([
    ["nothing applied", ["1", "2"], [], ["1 pending", "2 pending"]],
    ["all applied", ["1", "2"], [row("1"), row("2")], ["1 applied", "2 applied"]],
    ["other zeros", ["001", "2"], [row("1"), row("0002")], ["001 applied", "2 applied"]],
    ["one without a file", ["1", "3"], [row("2"), row("1")], ["1 applied", "2 missing", "3 pending"]],
    ["one that is late", ["1", "2", "10"], [row("10"), row("1")], ["1 applied", "2 out-of-order", "10 applied"]],
    ["one that stopped", ["1"], [row("1", "applying")], ["1 stopped"]],
    ["one that stopped on its way back, without a file", [], [row("1", "reverting")], ["1 stopped"]],
    ["no checksum to compare", ["1"], [row("1", "applied", null)], ["1 applied"]],
    ["a late one before one that stopped", ["1", "2"], [row("2", "applying")], ["1 out-of-order", "2 stopped"]],
  ])("%s", (_what, files, rows, expected) => {
    expect(standings(join(files, rows))).toEqual(expected);
  });

  test("only what the ledger has a checksum for is hashed", () => {
    const hashed: string[] = [];
    const other = facts(({ version }) => {
      hashed.push(version);
      return "other";
    });
    joinHistory(["1", "2", "3"].map(file), [row("1"), row("2", "applied", null)], other);
    expect(hashed).toEqual(["1"]);
    expect(standings(join(["1"], [row("1")], "other"))).toEqual(["1 edited"]);
  });
});

describe("the plan", () => {
  const history = join(["1", "2", "10", "11"], [row("1"), row("2")]);

  test.each([
    [{}, ["10", "11"]],
    [{ steps: 1 }, ["10"]],
    [{ steps: 0 }, []],
    [{ to: "010" }, ["10"]],
    [{ to: "2" }, []],
    [{ to: "11", steps: 1 }, ["10"]],
  ])("up with %j", (options, expected) => {
    expect(planUp(history, options).map(({ version }) => version)).toEqual(expected);
  });

  test("two branches with one number: the ledger's has another name, and this one gets the next number", () => {
    const entries = joinHistory(
      ["1", "8"].map(file),
      [row("1"), { ...row("8"), name: "coupons" }, row("9")],
      facts(({ version }) => (version === "8" ? "other" : "same")),
    );
    expect(entries.map(isAnother)).toEqual([false, true, false]);
    let error: unknown;
    try {
      planUp(entries, { allowMissing: true });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: "history_edited",
      message: "This database has another 8 (coupons) than 8_n",
      hint: expect.stringContaining("rename m/8_n.sql to 10_n.sql"),
    });
  });

  test("what waits is told of what is in range alone", () => {
    const marks = { phase: "contract", change: "c", after: [], backfill: undefined } as const;
    const waiting = join(["1", "2", "3"], []).map((entry) => (entry.version === "1" ? entry : { ...entry, marks }));
    const versions = (to?: string) => heldWithin(waiting, { to }).map(({ migration }) => migration.version);
    expect([versions(), versions("2"), versions("1")]).toEqual([["2", "3"], ["2"], []]);
  });

  test("an edited one is rolled back with the ledger's text alone", () => {
    const edited = join(["1"], [row("1")], "other");
    expect(codeOf(() => planDown(edited, {}))).toBe("history_edited");
    expect(planDown(edited, { recorded: true })).toMatchObject([{ file: undefined, row: { version: "1" } }]);
  });

  test.each([
    [{}, ["2"]],
    [{ steps: 5 }, ["2", "1"]],
    [{ steps: 0 }, []],
    [{ to: "1" }, ["2"]],
    [{ to: "0" }, ["2", "1"]],
    [{ to: "000", steps: 1 }, ["2"]],
    [{ to: "2" }, []],
    [{ to: "11" }, []],
  ])("down with %j", (options, expected) => {
    expect(planDown(history, options).map((applied) => applied.row.version)).toEqual(expected);
  });

  test("a version that is not there", () => {
    expect(codeOf(() => planUp(history, { to: "3" }))).toBe("migration_unknown");
    expect(codeOf(() => planDown(history, { to: "3" }))).toBe("migration_unknown");
    expect(codeOf(() => planUp([], { to: "3" }))).toBe("migration_unknown");
  });

  test("what stops up, and which flag lets it through", () => {
    const stopped = join(["1", "2"], [row("1", "applying")]);
    const missing = join(["2"], [row("1")]);
    const late = join(["1", "2", "3"], [row("2")]);
    const edited = join(["1", "2"], [row("1")], "other");
    const all = { allowMissing: true, allowOutOfOrder: true };
    expect(codeOf(() => planUp(stopped, all))).toBe("history_stopped");
    expect(codeOf(() => planUp(edited, all))).toBe("history_edited");
    expect(codeOf(() => planUp(missing, { allowOutOfOrder: true }))).toBe("history_missing");
    expect(codeOf(() => planUp(late, { allowMissing: true }))).toBe("history_out_of_order");
    expect(planUp(missing, { allowMissing: true }).map(({ version }) => version)).toEqual(["2"]);
    expect(planUp(late, { allowOutOfOrder: true }).map(({ version }) => version)).toEqual(["1", "3"]);
    expect(codeOf(() => planDown(stopped, {}))).toBe("history_stopped");
    // The ledger may have its text.
    expect(planDown(missing, {})).toMatchObject([{ file: undefined, row: { version: "1" } }]);
    expect(codeOf(() => planDown(edited, {}))).toBe("history_edited");
  });

  test("a version that someone wrote into the ledger is one word of the command in the hint", () => {
    const odd = join(["9"], [row("1'; rm x")]);
    expect(() => planUp(odd, {})).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(String.raw`resolve '1'\''; rm x' --rolled-back`) }),
    );
  });

  test("an edit further down does not stop what is rolled back above it", () => {
    const edited = facts(({ version }) => (version === "1" ? "other" : "same"));
    const entries = joinHistory(["1", "2"].map(file), [row("1"), row("2")], edited);
    expect(planDown(entries, {}).map((applied) => applied.row.version)).toEqual(["2"]);
  });
});
