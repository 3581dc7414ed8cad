import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";
import { shareOf } from "./effect.ts";
import type { State } from "./replayed.ts";

/**
 * What ran on top of what the schema files build, may have left as it is what these have otherwise (IF NOT EXISTS): it is not contained,
 * and running it would not make it so.
 * @param from what leads to the first of them
 * @param to what they lead to
 * @returns what they would not make, if anything
 */
export async function leftOnTop(
  run: Pick<ScratchRun, "read">,
  rest: readonly LoadedMigration[],
  from: State | undefined,
  to: State | undefined,
): Promise<string | undefined> {
  const may = rest.filter(({ up }) => up.kind !== "sql" || MAY_LEAVE.test(up.script.text));
  if (may.length === 0 || from === undefined || to === undefined) return undefined;
  const there = await run.read();
  if (shareOf(from.catalogue, to.catalogue, there) === "all") return undefined;
  const made = new Set(compareCatalogues(from.catalogue, to.catalogue).map(({ name }) => name));
  const lacking = compareCatalogues(there, to.catalogue).filter(
    ({ name, on }) => made.has(name) || (on !== undefined && made.has(on.name)),
  );
  const [first, ...more] = lacking.map(({ kind, name }) => `${kind} ${name}`);
  const what = `${first ?? "all that it makes"}${more.length === 0 ? "" : ` and ${more.length} more`}`;
  return `${may.map(({ file }) => migrationId(file)).join(", ")} would run and leave ${what} as the schema files have it, or without it`;
}

const MAY_LEAVE = /\b(?:if\s+(?:not\s+)?exists|do|call|select|execute)\b/i;
