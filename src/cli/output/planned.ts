import type { Generated } from "#compare/generate/generate.ts";
import { noteOf } from "#compare/generate/migration-file.ts";
import { renderChanges } from "./changes.ts";
import { inLine } from "./visible.ts";

/** What changes, in short, and what of it can hurt. Pure. */
export function renderPlanned({
  changes,
  renames,
  migrations,
}: Pick<Generated, "changes" | "renames" | "migrations">): string {
  const hazards = migrations.flatMap(({ hazards: { up } }) =>
    up
      .filter(({ hazard }) => hazard.code !== "LOCK" && hazard.code !== "ONLINE")
      .map(({ sql, hazard }) => ({
        line: `! ${inLine(sql.split("\n")[0] ?? "")}\n`,
        note: `    ${noteOf(hazard, "up")}\n`,
      })),
  );
  const shown = hazards.map(({ line, note }, index) => (hazards[index - 1]?.line === line ? note : line + note));
  const renamed = renames.map(({ from, to }) => `~ ${inLine(from)} is renamed to ${inLine(to)}\n`).join("");
  return `${renamed}${renderChanges(changes)}${shown.join("")}`.trimEnd();
}
