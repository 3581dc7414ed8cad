import { expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { runTolerantly } from "#scratch/tolerant.ts";

/** What PostgreSQL says about a statement for which something is missing. */
function refusal(message: string): ConfitureError {
  const server = { severity: "ERROR", sqlstate: "42P01", message };
  return new ConfitureError("sql_failed", message, { server });
}

/** Runs names that need others first: `b:a` needs `a`. */
function runner(): { readonly ran: string[]; readonly run: (item: string) => Promise<void> } {
  const ran: string[] = [];
  return {
    ran,
    run: async (item) => {
      const [name = "", need] = item.split(":");
      if (need !== undefined && !ran.includes(need)) throw refusal(`${name} needs ${need}`);
      ran.push(name);
    },
  };
}

test("what is refused runs behind what it needs, however often it has to wait", async () => {
  const { ran, run } = runner();
  expect(await runTolerantly(["c:b", "b:a", "a", "d"], { run, remedy: () => "later" })).toEqual(new Map());
  expect(ran).toEqual(["a", "d", "b", "c"]);
});

test("what nothing helps is given back with the reason, what was refused first first, and all else ran", async () => {
  const { ran, run } = runner();
  const refused = await runTolerantly(["x:y", "y:x", "a"], { run, remedy: () => "later" });
  expect([...refused].map(([item, { message }]) => [item, message])).toEqual([
    ["x:y", "x needs y"],
    ["y:x", "y needs x"],
  ]);
  expect(ran).toEqual(["a"]);
});

test("a remedy runs in place of what was refused, and before what waits", async () => {
  const { ran, run } = runner();
  const remedy = (item: string): readonly string[] => ["a", item];
  expect(await runTolerantly(["b:a", "c"], { run, remedy })).toEqual(new Map());
  expect(ran).toEqual(["a", "b", "c"]);
});

test("what nothing helps stops the rest, unless there is a stronger way", async () => {
  const { ran, run } = runner();
  const none = { run, remedy: () => undefined };
  expect([...(await runTolerantly(["b:a", "c"], none)).keys()]).toEqual(["b:a"]);
  expect(ran).toEqual([]);
  const asked: (readonly string[])[] = [];
  const whenStuck = (waiting: readonly string[]): readonly string[] => {
    asked.push(waiting);
    return ["a", ...waiting];
  };
  expect(await runTolerantly(["b:a", "c"], { ...none, whenStuck })).toEqual(new Map());
  expect(asked).toEqual([["b:a", "c"]]);
  expect(ran).toEqual(["a", "b", "c"]);
});

test("an error that is not PostgreSQL's ends it", async () => {
  const lost = new ConfitureError("connection_lost", "The connection was lost");
  const run = (): Promise<void> => Promise.reject(lost);
  const error: unknown = await runTolerantly(["a"], { run, remedy: () => "later" }).catch((cause: unknown) => cause);
  expect(error).toBe(lost);
});
