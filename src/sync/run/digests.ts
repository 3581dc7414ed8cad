import { randomBytes } from "node:crypto";
import type { Database } from "#database/database.ts";

/** How many digests are fetched at a time. */
const AT_ONCE = 20_000;

/** A key for digests that are compared once and forgotten. */
export function proofKey(): string {
  return randomBytes(32).toString("hex");
}

/** SQL for the digest of a text. Both sides write it alike, and no value can be told from it without the key. */
export function digestOf(text: string, key: string): string {
  return `pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256('\\x${key}'::pg_catalog.bytea operator(pg_catalog.||) pg_catalog.convert_to(${text}, 'UTF8')), 1, 16), 'hex')`;
}

/**
 * The digests that both sides have: each gives its own sorted, piece by piece, so that memory is the same for any number.
 * @param queries each with one column of distinct digests in hex; the sessions are in no transaction
 * @param most as many are told at most
 */
export async function sharedDigests(
  sides: readonly [Database, Database],
  queries: readonly [string, string],
  most: number,
): Promise<{ readonly shared: readonly string[]; readonly counts: readonly [number, number] }> {
  const [one, other] = [new Cursor(sides[0], queries[0]), new Cursor(sides[1], queries[1])];
  const shared: string[] = [];
  try {
    let a = await one.next();
    let b = await other.next();
    while (a !== undefined || b !== undefined) {
      if (a !== undefined && a === b && shared.length < most) shared.push(a);
      const [takeA, takeB] = [
        b === undefined || (a !== undefined && a <= b),
        a === undefined || (b !== undefined && b <= a),
      ];
      if (takeA) a = await one.next();
      if (takeB) b = await other.next();
    }
  } finally {
    await one.close();
    await other.close();
  }
  return { shared, counts: [one.count, other.count] };
}

/** Reads a query piece by piece. */
class Cursor {
  readonly #database: Database;
  readonly #query: string;
  #rows: string[] = [];
  #at = 0;
  #state: "new" | "open" | "ended" = "new";
  count = 0;

  constructor(database: Database, query: string) {
    this.#database = database;
    this.#query = query;
  }

  async next(): Promise<string | undefined> {
    if (this.#at < this.#rows.length) return this.#take();
    if (this.#state === "ended") return undefined;
    if (this.#state === "new") {
      await this.#database.execute(
        `begin read only; set local row_security = off; declare confiture_digests no scroll cursor for select d from (select distinct d collate "C" as d from (${this.#query}) q (d)) u order by d`,
      );
      this.#state = "open";
    }
    const rows: string[] = [];
    await this.#database.execute(`fetch ${AT_ONCE} from confiture_digests`, {
      columns() {},
      copied() {},
      completed() {},
      ready() {},
      row: ([digest]) => void (digest === null || digest === undefined || rows.push(digest)),
    });
    this.#rows = rows;
    this.#at = 0;
    if (rows.length === 0) this.#state = "ended";
    return rows.length === 0 ? undefined : this.#take();
  }

  #take(): string | undefined {
    this.count++;
    return this.#rows[this.#at++];
  }

  async close(): Promise<void> {
    if (this.#state !== "new") await this.#database.execute("rollback");
  }
}
