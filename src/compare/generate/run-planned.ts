import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import {
  isGone,
  makeWay,
  mayWorkLater,
  otherForm,
  withAttachedIndexes,
  withItsFunctions,
  withoutBodyCheck,
} from "../plan/repair.ts";
import { type PlannedStatement, textsOf } from "../plan/statement.ts";
import { withOperators } from "./operators.ts";
import { inOwnWords } from "./own-words.ts";
import { withMissingRoles } from "../scratch/missing.ts";
import { dependentsOf } from "./dependents.ts";
import type { Meter } from "../trace/meter.ts";
import { effectsOf, NO_EFFECTS } from "./effects.ts";
import type { MeasuredStatement } from "./section.ts";
import { adviceFor, hasOnlineForm } from "./online.ts";
import type { OnlineContext } from "./online-plan.ts";
import type { PlanOptions } from "./options.ts";

interface Forced {
  readonly statement: PlannedStatement;
  readonly instead: readonly PlannedStatement[];
}

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
  const queue = [...statements];
  const repaired = new Set<string>();
  const refused = new Map<PlannedStatement, ConfitureError>();
  /** To be run in the planner's words, because the files' were refused. */
  const inPlannersWords = new Set<PlannedStatement>();
  let putOff = 0;
  let stopped: ConfitureError | undefined;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const statement = await withOperators(database, next);
    if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
    const own =
      written === undefined || inPlannersWords.delete(statement)
        ? undefined
        : await inOwnWords(database, statement, written);
    try {
      measured.push(await run(own ?? statement));
      putOff = 0;
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      if (own !== undefined) {
        inPlannersWords.add(statement);
        queue.unshift(statement);
        continue;
      }
      const planned = [...measured, ...queue];
      const first = [
        ...(await dependentsOf(database, statement, error, planned, context.from)),
        ...makeWay(statement, error, context.from.facts, planned),
      ].filter(({ sql }) => !repaired.has(sql));
      if (first.length > 0) {
        for (const { sql } of first) repaired.add(sql);
        queue.unshift(...first, statement);
        continue;
      }
      const otherwise = otherForm(statement, error) ?? withItsFunctions(statement, error, context.from);
      if (otherwise !== undefined) {
        queue.unshift(otherwise);
        continue;
      }
      if (mayWorkLater(statement, error)) {
        refused.set(statement, error);
        if (putOff < queue.length) {
          putOff++;
          queue.push(statement);
          continue;
        }
      }
      if (statement.ifThere === true && isGone(error)) continue;
      const forced = firstForced([statement, ...queue]);
      if (forced !== undefined) {
        repaired.add(forced.statement.sql);
        const others = [statement, ...queue].filter((other) => other !== forced.statement);
        queue.splice(0, queue.length, ...forced.instead, ...others);
        putOff = 0;
        continue;
      }
      // What was refused first stands in the way of the others.
      const [stuck, why] = [...refused].find(([other]) => queue.includes(other)) ?? [statement, error];
      stopped = cannotBeRun(way, stuck, why);
      if (measured.length === 0) throw stopped;
      queue.length = 0;
    }
  }
  return { measured, stopped };

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

  /** When none of them can run as it is: the first for which there is a stronger way. */
  function firstForced(stuck: readonly PlannedStatement[]): Forced | undefined {
    for (const statement of stuck) {
      const error = refused.get(statement);
      if (error === undefined || repaired.has(statement.sql)) continue;
      const instead = [
        ...withoutBodyCheck(statement, error),
        ...withAttachedIndexes(statement, error, context.from.facts),
      ];
      if (instead.length > 0) return { statement, instead };
    }
    return undefined;
  }

  function advise(statement: PlannedStatement): string | undefined {
    const tried = { ...context, rewriting: new Set([statement.sql]) };
    if (!online && hasOnlineForm(statement, statements, tried)) return "--online writes it so that nobody waits";
    return adviceFor(statement, context);
  }
}

/** duplicate_column */
const THERE_ALREADY = "42701";

function cannotBeRun(way: string, { sql, makes: [made] }: PlannedStatement, error: ConfitureError): ConfitureError {
  const message = `The planned way ${way} cannot be run: ${error.server?.message ?? error.message}`;
  const isInherited = made?.kind === "column" && error.server?.sqlstate === THERE_ALREADY;
  const ways = [
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
