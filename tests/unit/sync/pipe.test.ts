import { expect, test } from "bun:test";
import { Pipe } from "#sync/run/stream.ts";

const MEGABYTE = Buffer.alloc(1024 * 1024, "x");

test("the source waits for the target by bytes, however long rows are", async () => {
  let told = 0;
  const pipe = new Pipe((bytes) => (told += bytes));
  const send = (length: number): void => pipe.copied(MEGABYTE, 0, length);
  let short = 0;
  for (; pipe.room() === undefined; short++) send(1000);
  expect(short).toBeWithin(200, 500);
  const pieces = pipe[Symbol.asyncIterator]();
  let taken = 0;
  for (; pipe.room() !== undefined;) taken += (await pieces.next()).value!.length;
  expect(taken).toBeLessThan(short * 1000);
  // One long row is as many bytes as may wait.
  send(MEGABYTE.length);
  const room = pipe.room();
  expect(room).toBeDefined();
  let isRoom = false;
  void room!.then(() => (isRoom = true));
  for (let last = 0; last < MEGABYTE.length;) {
    expect(isRoom).toBe(false);
    last = (await pieces.next()).value!.length;
    taken += last;
  }
  await room;
  pipe.end();
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) taken += next.value.length;
  expect(taken).toBe(short * 1000 + MEGABYTE.length);
  expect(told).toBe(taken);
});
