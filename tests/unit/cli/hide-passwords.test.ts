import { expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { run } from "../../../src/cli/run.ts";
import { hidePasswords } from "../../../src/cli/hide-passwords.ts";
import type { Io } from "../../../src/cli/io.ts";
import { NO_MORE } from "../../support/output.ts";

const URL = "postgres://app:hunter2@db.invalid/shop";
const CONNINFO = "host=db.invalid password=hunter2";

async function outputOf(argv: readonly string[]): Promise<{ exitCode: number; text: string }> {
  let text = "";
  const output = { isTerminal: false, write: (part: string) => void (text += part), ...NO_MORE };
  const io: Io = {
    stdout: output,
    stderr: output,
    stdin: {
      isTerminal: false,
      discardTyped: async () => {},
      readLine: async () => undefined,
      readAll: async () => undefined,
      async *pieces() {},
      *piecesNow() {},
      edit: async () => {
        throw new Error("nobody is at a terminal");
      },
    },
    env: {},
    cwd: "/",
    homeDirectory: "",
    userName: "alice",
    signal: new AbortController().signal,
    signalExit: () => undefined,
    prepareEngine: () => Promise.resolve(),
    endAbandonedWith: () => {},
    hearSignals: async () => {},
  };
  return { exitCode: await run(argv, io), text };
}

test.each(
  [URL, CONNINFO, "app:hunter2@db/shop", "//app:hunter2@db/shop", "passwd=hunter2", `dbname=${URL}`].flatMap(
    (secret) => [
      [secret],
      ["build", secret],
      ["migrate", secret],
      ["migrate", "status", "--env", secret],
      ["migrate", "status", `--env=${secret}`, "--format", "json"],
      ["migrate", "status", "-e", secret],
      ["migrate", "status", "-C", secret],
      ["migrate", "up", "--to", secret],
      ["migrate", "up", "--wait", secret],
      ["migrate", "up", `--databse-url=${secret}`],
      ["diff", "schema", secret, "more"],
      ["diff", `x${secret}`],
    ],
  ),
)("a password in the wrong place is not shown: %s %s %s %s", async (...argv) => {
  const { exitCode, text } = await outputOf(argv as string[]);
  expect(exitCode).toBeWithin(2, 5);
  expect(text).not.toContain("hunter2");
  expect(text).not.toBe("");
});

test("what cannot hold one is shown, and errors that name no argument stay as they are", () => {
  const error = new ConfitureError("usage", 'There is no source "git:main@{upstream}"', { hint: "h" });
  expect(hidePasswords(error, ["diff", "git:main@{upstream}"])).toBe(error);
  expect(hidePasswords(error, ["diff", URL])).toBe(error);
  const named = new ConfitureError("usage", `"${URL}" is not`, { data: { names: [URL] } });
  expect(JSON.stringify(hidePasswords(named, [URL]).data)).not.toContain("hunter2");
});
