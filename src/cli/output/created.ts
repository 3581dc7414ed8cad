import type { Generated, GeneratedMigration } from "#compare/generate/generate.ts";
import type { CreatedMigration } from "#migrate/create.ts";
import { rowsWords } from "#sql/effects/hazard.ts";
import { inLine } from "./visible.ts";

/** What was written, and what of it is proven: what rows have to say is not, for there were none. Pure. */
export function renderCreated(
  written: readonly CreatedMigration[],
  migrations: readonly GeneratedMigration[],
  { noWayBack, byHand }: { readonly noWayBack: boolean; readonly byHand: Generated["byHand"] },
): string {
  const up = `up to the schema files${byHand.up.length === 0 ? "" : ", but for what is to be written by hand"}`;
  const back = `and back${byHand.down.length === 0 ? "" : ", but for what its down does not bring back"}`;
  const proven = `, proven${written.length === 1 ? "" : " together"}: ${up}${noWayBack ? "" : `, ${back}`}`;
  return written
    .flatMap(({ files }, index) => [
      `✅ Created ${files.join(" and ")}${index === written.length - 1 ? proven : ""}\n`,
      ...rowsOf(migrations[index]).map(
        ({ way, sql, what }) =>
          `   With rows${way === "up" ? "" : ", on the way back"}: ${inLine(sql.split("\n")[0] ?? "")} ${what}\n`,
      ),
    ])
    .join("");
}

/** Statements that rows can make fail, or that take something for granted about rows. */
function rowsOf(migration: GeneratedMigration | undefined): { way: "up" | "down"; sql: string; what: string }[] {
  return (["up", "down"] as const).flatMap((way) =>
    (migration?.hazards[way] ?? []).flatMap(({ sql, hazard }) =>
      hazard.code === "ROWS" ? [{ way, sql, what: rowsWords(hazard) }] : [],
    ),
  );
}
