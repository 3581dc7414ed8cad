import { expect, test } from "bun:test";
import { ResponseWatcher } from "#database/responses.ts";

function message(type: string, body: string | Buffer = ""): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const complete = (tag: string): Buffer => message("C", `${tag}\0`);
const columns = (): Buffer => message("T", Buffer.concat([Buffer.from([0, 1]), Buffer.from("a\0"), Buffer.alloc(18)]));
const row = (text: string): Buffer => message("D", text);
const READY = message("Z", "I");

/** What passes of messages that arrive in pieces of a size. */
function passed(watcher: ResponseWatcher, messages: readonly Buffer[], size: number): Buffer {
  const bytes = Buffer.concat(messages);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    const judged = watcher.feed(chunk);
    out.push(judged);
    // Its memory is given back.
    if (judged.length === 0) chunk.fill(0xee);
  }
  return Buffer.concat(out);
}

for (const size of [1, 2, 3, 7, 1000]) {
  test(`in pieces of ${size} bytes: of a query that nobody waits for rows of, only the last answer passes`, () => {
    const watcher = new ResponseWatcher();
    watcher.discarding = true;
    const notice = message("N", "SNOTICE\0\0");
    const error = message("E", "SERROR\0C42601\0Mno\0\0");
    const queries = [
      [complete("BEGIN"), columns(), row("1"), row("2"), complete("SELECT 2"), READY],
      [complete("SET"), notice, complete("SET"), READY],
      [complete("SET"), complete("SET"), error, READY],
      [READY],
    ];
    const wanted = [
      [complete("SELECT 2"), READY],
      [complete("SET"), notice, complete("SET"), READY],
      [complete("SET"), error, READY],
      [READY],
    ];
    expect(passed(watcher, queries.flat(), size)).toEqual(Buffer.concat(wanted.flat()));
    expect(watcher.takeFailedAfter()).toBe(2);
  });

  test(`in pieces of ${size} bytes: where somebody waits for rows, all passes`, () => {
    const messages = [columns(), row("1"), complete("SELECT 1"), complete("SET"), READY];
    expect(passed(new ResponseWatcher(), messages, size)).toEqual(Buffer.concat(messages));
  });
}

test("rows go the way of their description when somebody begins to wait in the middle", () => {
  const watcher = new ResponseWatcher();
  watcher.discarding = true;
  const first = passed(watcher, [columns(), row("1")], 1000);
  watcher.discarding = false;
  const rest = passed(watcher, [row("2"), complete("SELECT 2"), READY, columns(), row("3")], 1000);
  expect(first).toEqual(Buffer.alloc(0));
  expect(rest).toEqual(Buffer.concat([complete("SELECT 2"), READY, columns(), row("3")]));
});

test("rows that nobody described pass, for the driver to refuse", () => {
  const watcher = new ResponseWatcher();
  watcher.discarding = true;
  passed(watcher, [columns(), row("1"), complete("SELECT 1"), READY], 1000);
  expect(passed(watcher, [row("2")], 1000)).toEqual(row("2"));
});
