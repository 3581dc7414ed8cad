import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { encodingOf } from "./encoding.ts";
import type { Source } from "./source.ts";
import type { SyncOptions } from "./report.ts";

/**
 * What no copy can come of, whatever is in the tables: a target that is the source, and one whose encoding lacks characters of the source's.
 * @throws ConfitureError `sync_not_allowed`
 */
export async function refuseTarget(options: SyncOptions, source: Source): Promise<void> {
  const { target, connect, signal } = options;
  const from = options.source.target;
  if (from.engine === "embedded" && target.target.engine === "embedded") {
    const [own, other] = [from.path, target.target.path];
    if (own !== undefined && other !== undefined) {
      if (resolve(own) === resolve(other)) throw sameDatabase();
      if (isWithin(own, other) || isWithin(other, own)) throw nested();
    }
  }
  if (source.isEmbedded || target.target.engine === "embedded") return;
  const { isSame, encoding } = await withDatabase(target.target, { ...connect, signal }, async (database) => ({
    isSame: await source.isIn(database),
    encoding: await encodingOf(database),
  }));
  if (isSame === "same") throw sameDatabase();
  if (isSame === "replica") {
    throw new ConfitureError("sync_not_allowed", "The source is a replica of the target: both are the same database", {
      hint: "The copy would take the place of what is copied. If the target's server was made of a copy of the source's files instead, name the primary as the source, or make the target's database anew (DROP DATABASE, CREATE DATABASE). Nothing was changed.",
    });
  }
  const own = encoding === "UTF8" ? encoding : await encodingOf(source.session);
  if (own !== encoding) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The target has the encoding ${encoding} and the source ${own}: ${encoding === "SQL_ASCII" ? "no original with a character outside ASCII would be found there" : `a character that ${encoding} lacks would stop the copy`}`,
      {
        hint: "Make the target's database anew: CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'. Nothing was changed.",
      },
    );
  }
}

function sameDatabase(): ConfitureError {
  return new ConfitureError("sync_not_allowed", "The source and the target are the same database", {
    hint: "Look at both with `confiture config show`. Nothing was changed.",
  });
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(inner));
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function nested(): ConfitureError {
  return new ConfitureError(
    "sync_not_allowed",
    "One of the folders of the source and the target is inside of the other",
    {
      hint: "Each embedded database needs a folder of its own: give the target another `path`. Nothing was changed.",
    },
  );
}

export async function refuseLargeObjects(database: Database, skip: boolean): Promise<void> {
  if (skip) return;
  const number = await countLargeObjects(database);
  if (number === 0) return;
  throw new ConfitureError("sync_large_objects", `The source has ${number} large objects, which are not copied`, {
    hint: "No rule can see inside them. Leave them out with --skip-large-objects; columns that refer to them will then refer to nothing.",
  });
}

/** How many large objects a database has. */
export async function countLargeObjects(database: Database): Promise<number> {
  const [row] = await database.query<{ number: number }>(
    "select pg_catalog.count(*)::pg_catalog.int4 as number from pg_catalog.pg_largeobject_metadata",
  );
  return row!.number;
}
