import { writeIdentifier } from "#sql/quote.ts";
import type { Expression } from "./expression.ts";
import { markersOf, type SyncedColumns } from "./synced-columns.ts";

/**
 * The body of the function that keeps old and new columns in step, in PL/pgSQL. Pure.
 *
 * It goes by which side of a row has changed, not by a setting of the session, so that it works behind a pooler. A row that
 * is not filled yet is filled from what it was first: a release that changes one of several new columns would lose the
 * others otherwise. A statement that touches neither side leaves both, since what the new release has written may not come
 * out of the old columns again.
 */
export function syncBody(change: SyncedColumns): string {
  const { old, fresh, forward, backward, isTwoWay } = change;
  const [oldNames, newNames] = [old, fresh].map((columns) => columns.map(({ name }) => writeIdentifier(name))) as [
    string[],
    string[],
  ];
  const assign = (names: readonly string[], values: readonly Expression[], row: string, indent: string): string =>
    names.map((name, index) => `${indent}${row}${name} := ${values[index]!.sql(row)};\n`).join("");
  if (!isTwoWay) return `BEGIN\n${assign(newNames, forward, "NEW.", "  ")}  RETURN NEW;\nEND\n`;
  const areEmpty = (names: readonly string[], row: string): string =>
    names.map((name) => `${row}${name} IS NULL`).join(" AND ");
  const markers = markersOf(change).map(({ name }) => writeIdentifier(name));
  const differ = (names: readonly string[]): string =>
    names.map((name) => `NEW.${name} IS DISTINCT FROM OLD.${name}`).join(" OR ");
  return `BEGIN
  IF TG_OP = 'INSERT' THEN
    IF ${areEmpty(newNames, "NEW.")} THEN
${assign(newNames, forward, "NEW.", "      ")}    ELSE
${assign(oldNames, backward, "NEW.", "      ")}    END IF;
    RETURN NEW;
  END IF;
  -- Not filled yet: first as if it had been, then what the statement changes.
  IF ${areEmpty(markers, "OLD.")} THEN
${assign(newNames, forward, "OLD.", "    ")}${newNames.map((name) => `    NEW.${name} := coalesce(NEW.${name}, OLD.${name});\n`).join("")}  END IF;
  IF ${differ(newNames)} THEN
${assign(oldNames, backward, "NEW.", "    ")}  ELSIF ${differ(oldNames)} THEN
${assign(newNames, forward, "NEW.", "    ")}  END IF;
  RETURN NEW;
END
`;
}
