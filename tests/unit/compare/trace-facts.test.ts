import { expect, test } from "bun:test";
import { blockedBy, isAtLeast, type Lock, LOCK_MODES, tableLocks } from "#compare/trace/facts.ts";

test("the modes are in order of their strength, and only the strongest keeps readers waiting", () => {
  expect(LOCK_MODES.map((mode) => isAtLeast(mode, "SHARE"))).toEqual([false, true, true, true, true]);
  expect(LOCK_MODES.filter((mode) => /reads/.test(blockedBy(mode)))).toEqual(["ACCESS EXCLUSIVE"]);
  expect(LOCK_MODES.filter((mode) => /writes/.test(blockedBy(mode)))).toEqual(LOCK_MODES.slice(1));
});

test("the strongest lock on an index keeps waiting who plans a query of its table", () => {
  const index = { name: "public.i", kind: "index", table: "public.t", isNew: false } as const;
  const table = { name: "public.t", kind: "table", isNew: false } as const;
  const on = (locks: readonly Lock[]): string[] =>
    tableLocks(locks).map((lock) => `${lock.mode} ${lock.name}: ${lock.on}`);
  expect(
    on([
      { ...index, mode: "ACCESS EXCLUSIVE" },
      { ...table, mode: "SHARE" },
    ]),
  ).toEqual(["ACCESS EXCLUSIVE public.t: public.i, an index of public.t", "SHARE public.t: public.t"]);
  expect(
    on([
      { ...table, mode: "ACCESS EXCLUSIVE" },
      { ...index, mode: "ACCESS EXCLUSIVE" },
    ]),
  ).toEqual(["ACCESS EXCLUSIVE public.t: public.t"]);
  expect(on([{ ...index, mode: "SHARE UPDATE EXCLUSIVE" }])).toEqual([]);
});
