import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import detailsSql from "./details.sql" with { type: "text" };

/** Something about an object that no comparison sees, and that files have to say all the same. */
export interface Detail {
  readonly kind: "table" | "foreignTable" | "view" | "materializedView" | "index";
  readonly schema: string;
  readonly name: string;
  /** A column. */
  readonly part: string | null;
  /** In words: "storage of a column". */
  readonly property: string;
  readonly value: string;
  /** Sets it; null where no statement of its own does. */
  readonly statement: string | null;
}

/** Reads details of all objects that have any. */
export async function readDetails(database: Database): Promise<Detail[]> {
  return await queryCatalogue<Detail>(database, detailsSql);
}

/** The object that a detail is about. */
export function detailId({ kind, schema, name }: Detail): ObjectId {
  return { kind, schema, name };
}

/** The property of a materialized view that nobody has filled yet. */
export const UNFILLED = "rows to begin with";

/** The property of a table that only whoever makes it can set. */
export const COLUMN_ORDER = "order of columns";

/** How many of a kind are named. */
export const SAMPLES = 5;

/** What `live` has and `built` does not have alike, by kind. */
export function missingDetails(live: readonly Detail[], built: readonly Detail[]): Catalogue["notCompared"] {
  const key = (detail: Detail): string =>
    [encodeId(detailId(detail)), detail.part, detail.property, detail.value].join("\0");
  const there = new Set(built.map(key));
  const missing = live.filter((detail) => !there.has(key(detail)));
  return [...Map.groupBy(missing, ({ property }) => property)].map(([kind, details]) => ({
    kind,
    count: details.length,
    samples: details.slice(0, SAMPLES).map(({ schema, name, part }) => [schema, name, part].filter(Boolean).join(".")),
  }));
}
