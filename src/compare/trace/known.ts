import type { Statement } from "#sql/statement.ts";
import { namesAltered, namesFrom } from "#sql/lexer/token-names.ts";
import type { LockMode } from "./facts.ts";

/**
 * What is known of a statement that commits by itself, in steps: one connection sees nothing of its locks afterwards.
 * tests/database/compare/known-locks.test.ts watches each of them on servers, from a second connection.
 */
export interface KnownForm {
  readonly name: string;
  /** The strongest lock on the table that it names, or on that of the index. */
  readonly table?: LockMode;
  /** On the index, or on each index of the table. */
  readonly index?: LockMode;
  /** On the partition that is detached. */
  readonly partition?: LockMode;
  /** Whether it reads the table from beginning to end. */
  readonly scans: boolean;
}

/** PostgreSQL's manual of the commands, and pg_locks of servers 14 and 18. */
export const KNOWN_FORMS = {
  "create-index-concurrently": { name: "CREATE INDEX CONCURRENTLY", table: "SHARE UPDATE EXCLUSIVE", scans: true },
  "drop-index-concurrently": {
    name: "DROP INDEX CONCURRENTLY",
    table: "SHARE UPDATE EXCLUSIVE",
    index: "SHARE UPDATE EXCLUSIVE",
    scans: false,
  },
  "reindex-concurrently": {
    name: "REINDEX CONCURRENTLY",
    table: "SHARE UPDATE EXCLUSIVE",
    index: "SHARE UPDATE EXCLUSIVE",
    scans: true,
  },
  "detach-concurrently": {
    name: "DETACH PARTITION CONCURRENTLY",
    table: "SHARE UPDATE EXCLUSIVE",
    partition: "ACCESS EXCLUSIVE",
    scans: false,
  },
  vacuum: { name: "VACUUM", table: "SHARE UPDATE EXCLUSIVE", scans: true },
  "vacuum-full": { name: "VACUUM FULL", table: "ACCESS EXCLUSIVE", index: "ACCESS EXCLUSIVE", scans: true },
  /** Of a schema or a database: of each of its tables. */
  "reindex-many": { name: "REINDEX", table: "SHARE", index: "ACCESS EXCLUSIVE", scans: true },
  "reindex-many-concurrently": {
    name: "REINDEX CONCURRENTLY",
    table: "SHARE UPDATE EXCLUSIVE",
    index: "SHARE UPDATE EXCLUSIVE",
    scans: true,
  },
  "cluster-many": { name: "CLUSTER", table: "ACCESS EXCLUSIVE", index: "ACCESS EXCLUSIVE", scans: true },
  /** CREATE DATABASE, ALTER SYSTEM and the like. */
  elsewhere: { name: "a statement that is about no table", scans: false },
} as const satisfies Readonly<Record<string, KnownForm>>;

export type KnownFormId = keyof typeof KNOWN_FORMS;

/** A statement of a known form. Names are as they stand in it, for `to_regclass`. */
export interface KnownStatement {
  readonly form: KnownFormId;
  /** The table or index that it names; empty for a form that is about many, then all that it changed are meant. */
  readonly targets: readonly string[];
  /** What is detached. */
  readonly partition?: string;
}

/** The form of a statement that cannot run inside a transaction. Pure. */
export function knownStatement(statement: Statement): KnownStatement {
  const tokens = statement.tokens();
  switch (tokens[0]) {
    case "CREATE":
      if (!tokens.includes("CONCURRENTLY")) break;
      return { form: "create-index-concurrently", targets: namesFrom(tokens, tokens.indexOf("ON") + 1) };
    case "DROP":
      if (tokens[1] !== "INDEX") break;
      return { form: "drop-index-concurrently", targets: namesFrom(tokens, tokens[3] === "IF" ? 5 : 3) };
    case "REINDEX":
      return reindex(tokens);
    case "ALTER":
      if (!tokens.includes("DETACH")) break;
      return {
        form: "detach-concurrently",
        targets: namesAltered(tokens),
        partition: namesFrom(tokens, tokens.indexOf("DETACH") + 2)[0] ?? "",
      };
    case "VACUUM":
      return vacuum(tokens);
    case "CLUSTER":
      return { form: "cluster-many", targets: [] };
    case undefined:
    default:
      break;
  }
  return { form: "elsewhere", targets: [] };
}

function reindex(tokens: readonly string[]): KnownStatement {
  const at = tokens[1] === "(" ? tokens.indexOf(")") + 1 : 1;
  const isConcurrent = tokens.includes("CONCURRENTLY");
  const isOne = tokens[at] === "INDEX" || tokens[at] === "TABLE";
  if (!isOne) return { form: isConcurrent ? "reindex-many-concurrently" : "reindex-many", targets: [] };
  const name = tokens[at + 1] === "CONCURRENTLY" ? at + 2 : at + 1;
  return { form: isConcurrent ? "reindex-concurrently" : "reindex-many", targets: namesFrom(tokens, name) };
}

function vacuum(tokens: readonly string[]): KnownStatement {
  const options = tokens[1] === "(" ? tokens.slice(2, tokens.indexOf(")")) : tokens.slice(1, 4);
  let at = tokens[1] === "(" ? tokens.indexOf(")") + 1 : 1;
  while (/^(?:FULL|FREEZE|VERBOSE|ANALY[SZ]E)$/.test(tokens[at] ?? "")) at++;
  const full = options.indexOf("FULL");
  const isFull = full >= 0 && !/^(?:FALSE|OFF|0)$/.test(options[full + 1] ?? "");
  return { form: isFull ? "vacuum-full" : "vacuum", targets: namesFrom(tokens, at) };
}
