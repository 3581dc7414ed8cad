import type { Database } from "#database/database.ts";
import { placeIn } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { lossesOfTaken } from "#sql/effects/cascading.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { lossOf } from "#sql/effects/loss.ts";
import { reachesOutside } from "#sql/effects/outside.ts";
import { lossOfReplaced, replacedSchemas, replacedTables } from "#sql/effects/replaced.ts";
import { lossOfReplacedColumn, replacedColumns } from "#sql/effects/replaced-columns.ts";
import type { Statement } from "#sql/statement.ts";
import { lossOfSwallowed } from "#sql/effects/swallowed-writes.ts";
import type { LoadedMigration } from "../files/body.ts";
import { dangersIn } from "./dangers.ts";
import { exposuresOf } from "./exposures.ts";
import { fillsOnly } from "../phases/fills-only.ts";
import { recreatedBy } from "./recreated.ts";
import { spentChecks } from "./spent-checks.ts";
import { swallowedWrites } from "./swallowed-writes.ts";
import { takenAlong } from "./taken-along.ts";
import { doneByCode, lossByCode } from "./taking-code.ts";
import { isBase } from "../files/version.ts";

/** Something that migrations take away from a database, or show to people who could not see it. */
export interface Loss {
  /** "drops TABLE users" */
  readonly what: string;
  readonly location: Location;
  /** It is a migration in TypeScript, whose checksum says nothing of what it imports. */
  readonly isCode?: true;
  /** Nothing is taken away: it is shown to others. */
  readonly isExposure?: true;
}

/** Of a migration in TypeScript. */
export const IS_CODE = "is TypeScript, and what that does is not known";

/**
 * What applying migrations takes away or exposes, of which none has run; what a TypeScript migration does cannot be known before it runs.
 * An UPDATE that only fills what is empty takes nothing, but what code does that a statement runs counts.
 * @param earlier statements that have run, of changes whose backfills are among the migrations (`beginningsOf`)
 * @param database what the migrations are for, which has functions and triggers; undefined where there is none yet
 */
export async function lossesOf(
  migrations: readonly LoadedMigration[],
  earlier: readonly Statement[],
  database: Database | undefined,
): Promise<Loss[]> {
  const all = migrations.flatMap(({ up }) => (up.kind === "sql" ? up.script.statements : []));
  const fills = await fillsOnly(all, earlier);
  const replaced = replacedTables(all);
  const schemas = replacedSchemas(all);
  const columns = replacedColumns(all);
  const run = migrations.filter(({ file }) => !isBase(file.version));
  const each = run.map(({ up }) => (up.kind === "sql" ? up.script.statements : []));
  const running = each.flat();
  const byCode = await doneByCode(running, database);
  const exposures = await exposuresOf(running, database);
  const spent = await spentChecks(running, database);
  const swallowed = await swallowedWrites(running, database);
  const dangers = await dangersIn(running, database);
  const recreated = await recreatedBy(each, database);
  const along = await takenAlong(running, database);
  return migrations.flatMap((migration): Loss[] => {
    const { file, up } = migration;
    // It stops when its turn comes, and takes nothing away; nor is there anything where the base runs.
    if (up.kind === "refused" || isBase(file.version)) return [];
    if (up.kind === "typescript") {
      return [{ what: IS_CODE, location: { file: file.path }, isCode: true }];
    }
    const { script } = up;
    return script.statements.flatMap((statement) => {
      const [table, schema] = [replaced.get(statement), schemas.get(statement)];
      const taken =
        lossOf(statement) ?? (table && lossOfReplaced(table)) ?? (schema && lossOfReplaced(schema, "SCHEMA"));
      const lost = fills.has(statement) || spent.has(statement) ? undefined : taken;
      const { takes = [], exposes = [], endangers = [] } = byCode.get(statement) ?? {};
      // A statement that exposes rows says where to; other code is not known anyway.
      const isTold = taken !== undefined || exposures.has(statement);
      const reach = isTold ? undefined : reachesOutside(statement, false);
      // Which rows go through a branch, nobody knows here.
      const swallows = (swallowed.get(statement) ?? []).filter(({ fate }) => fate !== "branch");
      const hidden = (columns.get(statement) ?? []).flatMap((one) => lossOfReplacedColumn(one) ?? []);
      const losses = [
        lost ?? [],
        hidden,
        reach ?? [],
        ...takes.map(lossByCode),
        ...swallows.map((one) => lossOfSwallowed(one)),
        ...(recreated.get(statement)?.losses ?? []),
        lossesOfTaken(along.get(statement) ?? []),
        ...[...(dangers.get(statement) ?? []), ...endangers].map(dangerWords),
      ].flat();
      const exposed = [...(exposures.get(statement) ?? []), ...exposes, ...(recreated.get(statement)?.exposures ?? [])];
      if (losses.length + exposed.length === 0) return [];
      const { line = 1 } = placeIn(script, statement.start);
      const location = { file: script.file, line };
      return [
        ...losses.map((what) => ({ what, location })),
        ...exposed.map((one) => ({ what: `would expose ${exposureWords(one)}`, location, isExposure: true as const })),
      ];
    });
  });
}

/** Whether two say the same of the same place. */
export function isSameLoss(one: Loss, other: Loss): boolean {
  return (
    one.what === other.what && one.location.file === other.location.file && one.location.line === other.location.line
  );
}
