import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { COPY_MARK } from "./prepared-target.ts";
import type { Traits } from "./database-traits.ts";

/** A connection limit that nobody else gives: a run may be killed between CREATE DATABASE and COMMENT. */
const UNFINISHED_LIMIT = 2_000_000_000;

interface Leftover {
  readonly name: string;
  readonly marked: boolean;
}

/** What the comments on databases beside a target say, and of nothing else. */
export const commentsOf = (name: string): readonly [unfinished: string, replaced: string] => [
  `${COPY_MARK}, not finished: it was to take the place of ${name}`,
  `${COPY_MARK}, replaced: it was ${name}`,
];

/** Databases of runs that were killed. Nobody is at work on them: the caller holds the lock. */
export async function dropLeftovers(maintenance: Database, name: string): Promise<string[]> {
  const marked = (await besides(maintenance, name)).filter((left) => left.marked);
  const removed: string[] = [];
  for (const { name: left } of marked) {
    try {
      await maintenance.execute(`drop database if exists ${quoteIdentifier(left)} with (force)`);
      removed.push(left);
    } catch (error) {
      // What cannot be dropped, as with a subscription in it, is no reason to copy nothing.
      if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    }
  }
  return removed;
}

export async function besides(maintenance: Database, name: string): Promise<Leftover[]> {
  const rows = await maintenance.query<Leftover>(
    `select d.datname::pg_catalog.text as name,
            coalesce(pg_catalog.shobj_description(d.oid, 'pg_database') operator(pg_catalog.=) any ($2::pg_catalog.text[]),
              d.datconnlimit operator(pg_catalog.=) $3) as marked
       from pg_catalog.pg_database d where pg_catalog.starts_with(d.datname::pg_catalog.text, $1)`,
    [prefixOf(name), commentsOf(name), UNFINISHED_LIMIT],
  );
  return rows.filter((row) => /^\d+$/.test(row.name.slice(prefixOf(name).length)));
}

/** With room for a number, which PostgreSQL would cut off. Of two long names that begin alike, each has its own. */
export function prefixOf(name: string): string {
  const end = "_sync_";
  const room = NAME_BYTES - end.length - LONGEST_NUMBER;
  if (Buffer.byteLength(name) <= room) return name + end;
  const digest = `_${new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 8)}`;
  return clipName(name, room - digest.length) + digest + end;
}

const LONGEST_NUMBER = 8;

export async function createBeside(maintenance: Database, name: string, old: Traits): Promise<string> {
  const taken = new Set((await besides(maintenance, name)).map((left) => left.name));
  for (let number = 1; ; number++) {
    const fresh = `${prefixOf(name)}${number}`;
    if (taken.has(fresh)) continue;
    try {
      await maintenance.execute(
        `create database ${quoteIdentifier(fresh)} template template0 ${old.creation} connection limit ${UNFINISHED_LIMIT}`,
      );
    } catch (error) {
      if (error instanceof ConfitureError && error.server?.sqlstate === "42P04") {
        taken.add(fresh);
        continue;
      }
      throw error;
    }
    await maintenance.execute(`comment on database ${quoteIdentifier(fresh)} is ${quoteLiteral(commentsOf(name)[0])}`);
    return fresh;
  }
}
