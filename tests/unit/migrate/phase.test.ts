import { describe, expect, test } from "bun:test";
import { BatchSize } from "#migrate/fill/batch-size.ts";
import { readMarkerOptions } from "#migrate/phases/phase.ts";
import { failureOf } from "../../database/failure.ts";

const here = { file: "a.sql", line: 1 };
const read = (text: string, direction: "up" | "down" = "up") => readMarkerOptions(text, direction, () => here);

describe("options behind a marker", () => {
  test("say how a backfill is done", () => {
    expect(
      read(' backfill:app."Odd Name" key:"Line No",tenant batch:500 pause:50ms triggers:off once:true change:x').marks,
    ).toEqual({
      phase: undefined,
      change: "x",
      after: [],
      backfill: {
        table: { schema: "app", name: "Odd Name" },
        key: ["Line No", "tenant"],
        batch: 500,
        pause: 50,
        triggers: "off",
        once: true,
      },
    });
    expect(read(" phase:contract after:005,6.1").marks).toMatchObject({ phase: "contract", after: ["5", "6.1"] });
    expect(read(" transaction:false")).toEqual({ transaction: false, marks: undefined });
  });

  test.each([
    ["backfil:users", "Did you mean backfill:?"],
    ["phase:shrink", "phase:expand, phase:contract"],
    ["phase:contract", "after:VERSION"],
    ["batch:5", "backfill:TABLE"],
    ["backfill:users batch:0", "batch:auto"],
    ["backfill:users pause:5", "pause:50ms"],
    ["backfill:a.b.c", "backfill:SCHEMA.TABLE"],
    ["backfill:users transaction:false", "migration of its own"],
    ["after:x", "after:005,006"],
    ["change:a change:b", "once"],
    ["transaction", "transaction:VALUE"],
  ])("%s is an error with the way out", async (text, hint) => {
    const error = await failureOf(() => read(` ${text}`));
    expect(error.code).toBe("migration_invalid");
    expect(error.hint).toContain(hint);
  });

  test("belong to the way up", async () => {
    expect((await failureOf(() => read(" backfill:users", "down"))).hint).toBe(
      "The one option of a way back is transaction:false.",
    );
  });
});

describe("the size of batches", () => {
  test("comes near the time that they are to take, in steps of a fifth, and stays within its bounds", () => {
    const size = new BatchSize(undefined);
    size.took(1000, 100);
    expect(size.rows).toBe(1200);
    for (let batch = 0; batch < 60; batch++) size.took(size.rows, size.rows * 0.05);
    expect(size.rows).toBe(10_000);
    for (let batch = 0; batch < 60; batch++) size.took(size.rows, size.rows * 100);
    expect(size.rows).toBe(100);
    for (let batch = 0; batch < 80; batch++) size.took(size.rows, 0.001);
    expect(size.rows).toBe(100_000);
  });

  test("is fixed where somebody has said so, but for what has to be given up", () => {
    const size = new BatchSize(500);
    size.took(500, 60_000);
    expect(size.rows).toBe(500);
    size.halve();
    expect(size.rows).toBe(250);
  });
});
