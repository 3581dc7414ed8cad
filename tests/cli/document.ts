import { expect } from "bun:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../support/cli.ts";
import { ROOT } from "../support/postgres-binaries.ts";

/** What `--format json` writes. */
export interface JsonDocument {
  readonly command: string | null;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly location?: { readonly file: string; readonly line?: number; readonly column?: number };
    readonly server?: { readonly sqlstate: string };
    readonly data?: Readonly<Record<string, unknown>>;
  };
  readonly [field: string]: unknown;
}

const FOLDER = join(ROOT, "docs", "schemas");
/** Schemas that describe no command's document. */
const PARTS = ["common", "error-codes"];

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));
for (const name of names) ajv.addSchema(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")), `${name}.json`);

/** The documents there are schemas for, as `schemaName` names them. */
export const SCHEMAS: readonly string[] = names.filter((name) => !PARTS.includes(name));

/** "migrate up" -> "migrate-up"; "none" where no whole command was named. */
export function schemaName(command: string | null): string {
  const name = command?.replaceAll(" ", "-") ?? "none";
  return names.includes(name) ? name : "none";
}

/** Reads the one document on standard output, and requires that it fits its schema and the exit code. */
export function readDocument(result: RunResult): JsonDocument {
  let document: JsonDocument;
  try {
    document = JSON.parse(result.stdout) as JsonDocument;
  } catch (cause) {
    throw new Error(`no JSON document on standard output: ${JSON.stringify(result, null, 2)}`, { cause });
  }
  const schema = schemaName(document.command);
  if (!ajv.validate(`${schema}.json`, document)) {
    throw new Error(`${schema}.json: ${ajv.errorsText(ajv.errors, { separator: "\n" })}\n${result.stdout}`);
  }
  expect(document.exitCode).toBe(result.exitCode);
  return document;
}
