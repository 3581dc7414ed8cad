import { type Danger, dangerWords } from "#sql/effects/danger-kinds.ts";
import { type Exposure, exposureWords } from "#sql/effects/exposure-kinds.ts";
import { blockedBy, type Lock, type MigrationFacts, type Relation, type StatementFacts } from "#compare/trace/facts.ts";
import type { Excess } from "#compare/trace/limits.ts";
import { impactOf, sizesByName, worstFirst } from "#compare/trace/impact.ts";
import { errorToJson } from "./diagnostic.ts";
import { brokenAmong, type Plan } from "./plan-words.ts";

export function planToJson({ trace, sizes, aim, above }: Plan): Record<string, unknown> {
  const sizeOf = sizesByName(sizes);
  const broken = brokenAmong(trace.migrations);
  const [worst] = worstFirst(trace, sizes);
  const relation = (one: Relation): Record<string, unknown> => ({
    name: one.name,
    kind: one.kind,
    table: one.table ?? null,
    isNew: one.isNew,
    rows: sizeOf.get(one.name)?.rows ?? null,
    bytes: sizeOf.get(one.name)?.bytes ?? null,
  });
  const lock = (one: Lock): Record<string, unknown> => ({
    ...relation(one),
    mode: one.mode,
    blocks: blockedBy(one.mode, one.kind),
  });
  const statementToJson = (statement: StatementFacts): Record<string, unknown> => {
    const { how, error, place } = statement;
    const { weight, sentence } = impactOf(statement, sizeOf);
    return {
      sql: statement.sql,
      file: place.file,
      line: place.line ?? null,
      column: place.column ?? null,
      inTransaction: statement.inTransaction,
      how: how.kind,
      reason: how.kind === "not-traced" ? how.reason : null,
      weight,
      worst: sentence,
      locks: statement.locks.map(lock),
      held: statement.held.map(lock),
      rewrites: statement.rewrites.map(relation),
      rewritesIndexes: statement.rewritesIndexes.map(relation),
      scans: statement.scans.map(relation),
      buildsIndexes: statement.buildsIndexes.map(relation),
      drops: statement.drops.map(relation),
      changes: statement.rows.map((one) => ({
        ...relation(one),
        updated: one.updated,
        deleted: one.deleted,
        locked: one.locked,
      })),
      sets: statement.sets,
      loses: statement.loses,
      takesAlong: statement.takesAlong,
      endangers: statement.endangers.map((one) => ({ ...toldOf(one), what: dangerWords(one) })),
      exposes: statement.exposes.map((one) => ({ ...toldOf(one), what: exposureWords(one) })),
      absent: statement.absent ?? null,
      opaque: statement.opaque,
      together: statement.together ?? 1,
      error: error === undefined ? null : errorToJson(aim(error.error)),
      tooNew: statement.tooNew ?? null,
      onRows:
        error?.onRows === undefined
          ? null
          : {
              table: error.onRows.table ?? null,
              example: error.onRows.example,
              every: error.onRows.isEvery,
              madeUp: error.onRows.madeUp,
            },
    };
  };
  return {
    serverVersion: trace.serverVersion === 0 ? null : trace.serverVersion,
    sizes: sizes?.taken ?? null,
    worst:
      broken !== undefined
        ? { weight: "fails", sentence: broken.sentence, file: broken.file, line: broken.line ?? null }
        : worst === undefined
          ? null
          : {
              weight: worst.impact.weight,
              sentence: worst.impact.sentence,
              file: worst.statement.place.file,
              line: worst.statement.place.line ?? null,
            },
    migrations: trace.migrations.map((migration) => ({
      version: migration.file.version,
      name: migration.file.name,
      file: migration.file.path,
      transactional: migration.transactional,
      backfill: migration.backfill,
      reversible: migration.reversible,
      wayBack: wayBackToJson(migration),
      opaque: migration.hasBranches,
      error: migration.error === undefined ? null : errorToJson(aim(migration.error)),
      statements: migration.statements.map(statementToJson),
    })),
    aboveLimits: above?.excesses?.map(excessToJson) ?? null,
    toConfirm: above?.concerns.map(excessToJson) ?? null,
    withoutRows: trace.withoutRows,
    leftOut: trace.leftOut.map((error) => errorToJson(aim(error))),
    notReplayed: trace.notReplayed === undefined ? null : errorToJson(aim(trace.notReplayed)),
  };
}

function excessToJson({ statement: { place }, what }: Excess): object {
  return { file: place.file, line: place.line ?? null, what };
}

function wayBackToJson({ wayBack }: MigrationFacts): object | null {
  if (wayBack === undefined) return null;
  if (typeof wayBack === "string") return { state: wayBack, message: null };
  return { state: "fails", message: wayBack.message };
}

/** Its kind, and the function that does it, where that is not the statement itself. */
function toldOf({ kind, by }: Danger | Exposure): object {
  return { kind, by: by ?? null };
}
