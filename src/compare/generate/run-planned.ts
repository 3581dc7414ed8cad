import type { Database } from "#database/database.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { ConfitureError } from "#errors/error.ts";
import {
  isGone,
  isUncastable,
  makeWay,
  mayWorkLater,
  otherForm,
  withAttachedIndexes,
  withItsFunctions,
  withoutBodyCheck,
} from "../plan/repair.ts";
import { inOneStatement } from "../plan/types-together.ts";
import { type PlannedStatement, textsOf } from "../plan/statement.ts";
import { withOperators } from "./operators.ts";
import { inOwnWords } from "./own-words.ts";
import { withMissingRoles } from "#scratch/missing.ts";
import { runTolerantly } from "#scratch/tolerant.ts";
import { dependentsOf } from "./dependents.ts";
import type { Meter } from "../trace/meter.ts";
import { effectsOf, NO_EFFECTS } from "./effects.ts";
import type { MeasuredStatement } from "./section.ts";
import { adviceFor, hasOnlineForm } from "./online.ts";
import type { OnlineContext } from "./online-plan.ts";
import type { PlanOptions } from "./options.ts";

/**
 * Runs statements one by one, so that what each does can be told. One that PostgreSQL refuses may run later, or after
 * something is out of its way; the order they ran in is that of the file. Where nothing else helps, but others did run,
 * it stops: from what is there then, a new plan may find another way.
 */
export async function runPlanned(
  database: Database,
  meter: Meter,
  statements: readonly PlannedStatement[],
  context: OnlineContext,
  { online, signal, written }: PlanOptions,
  way: string,
): Promise<{ readonly measured: MeasuredStatement[]; readonly stopped: ConfitureError | undefined }> {
  const measured: MeasuredStatement[] = [];
  const repaired = new Set<string>();
  const [refused] = await runTolerantly(statements, {
    run: async (planned) => {
      const statement = await withOperators(database, planned);
      if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
      measured.push((await runInOwnWords(statement)) ?? (await run(statement)));
    },
    remedy: async (statement, error, waiting) => {
      const planned = [...measured, ...waiting];
      const first = [
        ...(await dependentsOf(database, statement, error, planned, context.from)),
        ...makeWay(statement, error, context.from.facts, planned),
      ].filter(({ sql, removes }) => !repaired.has(sql) && !areGone(removes, measured));
      for (const { sql } of first) repaired.add(sql);
      if (first.length > 0) return [...first, statement];
      const otherwise = otherForm(statement, error) ?? withItsFunctions(statement, error, context.from);
      if (otherwise !== undefined) return [otherwise];
      if (statement.apart !== undefined && isUncastable(error)) return await withOtherForms(statement.apart);
      return mayWorkLater(statement, error) ? "later" : undefined;
    },
    whenStuck: (waiting, errors) => {
      const [statement, ...others] = waiting;
      const isNeedless = statement?.ifThere === true && isGone(errors.get(statement)!);
      return isNeedless ? others : forced(waiting, errors);
    },
  });
  const stopped = refused === undefined ? undefined : cannotBeRun(way, ...refused);
  if (stopped !== undefined && measured.length === 0) throw stopped;
  return { measured, stopped };

  /** @returns undefined where the files have no words for it, or PostgreSQL refuses them */
  async function runInOwnWords(statement: PlannedStatement): Promise<MeasuredStatement | undefined> {
    const own = written === undefined ? undefined : await inOwnWords(database, statement, written);
    if (own === undefined) return undefined;
    try {
      return await run(own);
    } catch (error) {
      if (error instanceof ConfitureError && error.server !== undefined) return undefined;
      throw error;
    }
  }

  /** Changes of types in one table, in the other form where PostgreSQL has no cast. */
  async function withOtherForms(apart: readonly PlannedStatement[]): Promise<readonly PlannedStatement[]> {
    const parts: PlannedStatement[] = [];
    for (const part of apart) {
      try {
        await meter.runAlone(part.sql, "rollback");
        parts.push(part);
      } catch (error) {
        if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
        parts.push(otherForm(part, error) ?? part);
      }
    }
    return parts.every((part, index) => part === apart[index]) ? apart : [inOneStatement(parts)];
  }

  async function run(statement: PlannedStatement): Promise<MeasuredStatement> {
    const effects = await withMissingRoles(database, async () => {
      if (statement.transactional) {
        return effectsOf(await meter.runAlone(textsOf(statement).join(";\n"), "commit"));
      }
      for (const sql of textsOf(statement)) await database.execute(sql);
      return NO_EFFECTS;
    });
    for (const sql of statement.behind ?? []) await database.execute(sql);
    const isSlow = effects.rewrites.length > 0 || effects.scans.length > 0;
    const advice = isSlow ? advise(statement) : undefined;
    return { ...statement, effects, ...(advice === undefined ? {} : { advice }) };
  }

  /** When none of them can run as it is: with the first for which there is a stronger way. */
  function forced(
    waiting: readonly PlannedStatement[],
    errors: ReadonlyMap<PlannedStatement, ConfitureError>,
  ): readonly PlannedStatement[] | undefined {
    for (const statement of waiting) {
      const error = errors.get(statement);
      if (error === undefined || repaired.has(statement.sql)) continue;
      const instead = [
        ...(statement.apart ?? []),
        ...withoutBodyCheck(statement, error),
        ...withAttachedIndexes(statement, error, context.from.facts),
      ];
      if (instead.length === 0) continue;
      repaired.add(statement.sql);
      return [...instead, ...waiting.filter((other) => other !== statement)];
    }
    return undefined;
  }

  function advise(statement: PlannedStatement): string | undefined {
    const tried = { ...context, rewriting: new Set([statement.sql]) };
    if (!online && hasOnlineForm(statement, statements, tried)) return "--online writes it so that nobody waits";
    return adviceFor(statement, context);
  }
}

/** Whether statements that ran have taken something away, and not made it again. */
function areGone(ids: readonly ObjectId[], ran: readonly PlannedStatement[]): boolean {
  const gone = new Set<string>();
  for (const { removes, makes } of ran) {
    for (const id of removes) gone.add(encodeId(id));
    for (const id of makes) gone.delete(encodeId(id));
  }
  return ids.length > 0 && ids.every((id) => gone.has(encodeId(id)));
}

/** duplicate_column */
const THERE_ALREADY = "42701";

/** feature_not_supported */
const NOT_SUPPORTED = "0A000";

function cannotBeRun(way: string, { sql, makes: [made] }: PlannedStatement, error: ConfitureError): ConfitureError {
  const message = `The planned way ${way} cannot be run: ${error.server?.message ?? error.message}`;
  const isInherited = made?.kind === "column" && error.server?.sqlstate === THERE_ALREADY;
  const isInRows = error.server?.sqlstate === NOT_SUPPORTED && /^ALTER DOMAIN .* (?:CHECK|NOT NULL)\b/s.test(sql);
  const ways = [
    ...(isInRows
      ? [
          "PostgreSQL looks at no value in a column that holds whole rows of a table: write the CHECK behind the domain with ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID, or give the column a composite type.",
        ]
      : []),
    ...(isInherited
      ? ["Leave the column to the parent: PostgreSQL cannot declare one afterwards that is inherited."]
      : []),
    ...(way === "down" ? ["Do without a way back: --no-down."] : []),
    "Write this step by hand: confiture migrate new.",
  ];
  return new ConfitureError("generate_refused", message, {
    hint: `Nothing was written. ${ways.join(" Or: ")} PostgreSQL refused:\n${sql}`,
    ...(error.server === undefined ? {} : { server: error.server }),
    cause: error,
  });
}
