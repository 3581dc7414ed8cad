import { expect } from "bun:test";
import type { ErrorCode } from "#errors/codes.ts";
import type { RunOptions } from "../support/cli.ts";
import { type JsonDocument, readDocument } from "./document.ts";
import type { CliProject } from "./project.ts";

export interface Refusal {
  readonly exitCode: number;
  readonly code: ErrorCode;
  /** "db/schema/users.sql:3" or "db/schema/users.sql:3:14". */
  readonly place?: string;
  /** What the message has to name. */
  readonly names?: readonly (string | RegExp)[];
  /** What the next step has to name. */
  readonly next?: string | RegExp;
}

/**
 * Runs a command that has to fail, for people and as JSON: the right exit code, a message with the place and a
 * next step, nothing on standard output that looks like success, and a database that is as it was.
 */
export async function expectRefusal(
  project: CliProject,
  args: readonly string[],
  wanted: Refusal,
  options: RunOptions = {},
): Promise<JsonDocument> {
  const before = await project.snapshot();

  const { exitCode, stdout, stderr } = await project.run(args, options);
  expect({ exitCode, stderr }).toEqual({ exitCode: wanted.exitCode, stderr: expect.stringContaining("error: ") });
  expect(stdout).toBe("");
  const [, message = "", explanation = ""] = /^error: (.*)\n([^]*)/m.exec(stderr) ?? [];
  for (const name of wanted.names ?? []) expect(message).toMatch(name);
  if (wanted.place !== undefined) {
    expect(explanation).toMatch(new RegExp(`^  --> ${RegExp.escape(wanted.place)}(:|$)`, "m"));
  }
  const next = /^ {2}next: (\S[^]*)/m.exec(explanation)?.[1];
  // Where a message says what a value must be, or a caret stands below what is wrong, that is the next step.
  if (!/ must be /.test(message) && !/\| +\^$/m.test(explanation)) expect(next).toBeString();
  if (wanted.next !== undefined) expect(next).toMatch(wanted.next);

  const document = readDocument(await project.run([...args, "--format", "json"], options));
  expect(document).toMatchObject({ ok: false, exitCode: wanted.exitCode, error: { code: wanted.code, message } });
  if (wanted.place !== undefined) {
    const { file, line, column } = document.error?.location ?? {};
    expect([file, line, column].filter((part) => part !== undefined).join(":")).toStartWith(wanted.place);
  }

  expect(await project.snapshot()).toBe(before);
  return document;
}
