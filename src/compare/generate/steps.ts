import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { isByHand } from "../catalogue/extras.ts";
import type { PlanOptions, ProveRows } from "./options.ts";
import { Meter } from "../trace/meter.ts";
import { guarded, type Section, written } from "./section.ts";
import { onlineSteps, type Phase } from "./online.ts";
import type { OnlineContext } from "./online-plan.ts";
import { planChanges } from "../plan/plan.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { requireNothing } from "./proof.ts";
import { runPlanned } from "./run-planned.ts";
import { askForRemovals } from "./removals.ts";
import { renameFirst, type Renamed } from "./rename-first.ts";
import { type PossibleRename, possibleRenames, type Rename } from "./renames.ts";
import type { SyncedColumns } from "./synced-columns.ts";
import { canShareTransaction, firstTransaction, newValuesFirst, useNewValues } from "./transactions.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";

/** What one file does, on its way up and back. */
export interface Step {
  /** What it does beside the others, for the end of its name: "indexes". */
  readonly part: string | undefined;
  readonly up: Section;
  /** Undefined when the way back was not wanted. */
  readonly down: Section | undefined;
}

/**
 * A finished plan: every statement of it was run in a scratch database, in this order. And what is not in it, because no SQL is
 * planned for its kind.
 */
export interface Plan {
  readonly steps: readonly Step[];
  /** What is different afterwards, but for what was renamed. */
  readonly changes: readonly Change[];
  /** What was asked for, by the names that objects had in their turn. */
  readonly renames: readonly Rename[];
  /** What looks renamed and was not said to be. */
  readonly possibleRenames: readonly PossibleRename[];
  /** Of a change in steps: carries it out with rows. */
  readonly proveRows?: ProveRows;
  /** And the columns that its triggers keep in step. */
  readonly synced?: readonly SyncedColumns[];
  /** And functions whose text may be about a column that goes. */
  readonly naming?: readonly string[];
  readonly byHand: {
    /** Still different after the way up. */
    readonly up: readonly Change[];
    /** Not brought back by the way down. */
    readonly down: readonly Change[];
  };
}

/** What a first plan leaves different is planned again, this often. */
const ROUNDS = 5;

/**
 * Plans step by step, running each step in the scratch database, which is at `from`: the next is planned from what is
 * there, not from what should be. Afterwards the database is at `from` again, if there is a way back.
 * @throws ConfitureError `generate_refused`
 */
export async function planSteps(
  database: Database,
  from: Catalogue,
  to: Catalogue,
  options: PlanOptions,
): Promise<Plan> {
  // From here on: locks on what the migration makes itself are in nobody's way.
  const meter = await Meter.start(database);
  const read = (): Promise<Catalogue> => readPlanned(database, options);
  const renamed = await renameFirst(meter, read, from, to, options);
  const possible = possibleRenames(renamed.catalogue, to);
  const { ups, rest } = await planUps(database, meter, from, to, renamed, options);
  const statements = ups.flatMap(({ section }) => section.statements).slice(renamed.statements.length);
  await askForRemovals(options, { from, renamed: renamed.catalogue, to }, statements, possible);
  const steps: Step[] = [];
  const lost: Change[] = [];
  for (const [index, { part, section, before, after }] of [...ups.entries()].toReversed()) {
    const renames = index === 0 ? renamed.renames.map((rename) => ({ from: rename.to, to: rename.from })) : [];
    const down = options.noDown ? undefined : await planDown(database, after, before, renames, options, lost);
    const up = guarded(section, renamed.catalogue.facts, to.facts);
    steps.unshift({ part, up: written(up), down: down && written(guarded(down, to.facts, renamed.catalogue.facts)) });
  }
  return {
    steps,
    changes: compareCatalogues(renamed.catalogue, to),
    renames: renamed.renames,
    possibleRenames: possible,
    byHand: { up: rest, down: lost },
  };
}

/** What is there now. A database in use has what no plan can bring here, and that is there all the same. */
export async function readPlanned(
  database: Database,
  { from, level = asItIs }: Pick<PlanOptions, "from" | "level">,
): Promise<Catalogue> {
  const catalogue = await readCatalogue(database, [SCRATCH_LEDGER]);
  if (from.kind !== "catalogue") return level(catalogue);
  const here = catalogue.extras.filter((extra) => !isByHand(extra));
  const there = from.catalogue.extras.filter(isByHand);
  return level({ ...catalogue, extras: [...here, ...there] });
}

function asItIs(catalogue: Catalogue): Catalogue {
  return catalogue;
}

/** One file's way up, from one state of the catalogue to another. */
interface Up {
  readonly part: string | undefined;
  readonly section: Section;
  readonly before: Catalogue;
  readonly after: Catalogue;
}

async function planUps(
  database: Database,
  meter: Meter,
  from: Catalogue,
  to: Catalogue,
  renamed: Renamed,
  options: PlanOptions,
): Promise<{ readonly ups: readonly Up[]; readonly rest: readonly Change[] }> {
  let current = renamed.catalogue;
  let refusal: ConfitureError | undefined;
  const ups: Up[] = [];
  if (renamed.statements.length > 0) {
    const section = { statements: renamed.statements, transactional: true };
    ups.push({ part: undefined, section, before: from, after: current });
  }
  for (let round = 0; round < ROUNDS * 2; round++) {
    const statements = planChanges(current, to, options);
    if (statements.length === 0 || compareCatalogues(current, to).length === 0) break;
    const planned = firstTransaction(statements);
    const context = await contextOf(meter, options, planned, { from: current, to, existing: renamed.catalogue });
    for (const { part, statements: own, transactional } of partsOf(planned, context, options)) {
      const { measured, stopped } = await runPlanned(database, meter, own, context, options, "up");
      const after = await readPlanned(database, options);
      const last = ups.at(-1);
      // A second round for the rest belongs to the same migration; what needs its own transaction does not.
      if (
        last !== undefined &&
        part === undefined &&
        canShareTransaction(last.section, { statements: measured, transactional })
      ) {
        const together = [...last.section.statements, ...measured];
        ups[ups.length - 1] = { ...last, section: { statements: together, transactional }, after };
      } else ups.push({ part, section: { statements: measured, transactional }, before: current, after });
      current = after;
      refusal = stopped;
      if (stopped !== undefined) break;
    }
  }
  const rest = compareCatalogues(current, to);
  if (refusal !== undefined && rest.some(({ planned }) => planned)) throw refusal;
  requireNothing("The plan was tried and does not produce the other side", rest);
  return { ups, rest: rest.filter(({ planned }) => !planned) };
}

async function planDown(
  database: Database,
  after: Catalogue,
  before: Catalogue,
  renames: readonly Rename[],
  options: PlanOptions,
  lost: Change[],
): Promise<Section> {
  const meter = await Meter.start(database);
  const renamed = await renameFirst(meter, () => readPlanned(database, options), after, before, { renames });
  const down = [...renamed.statements];
  let transactional = true;
  let current = renamed.catalogue;
  let refusal: ConfitureError | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const statements = newValuesFirst(planChanges(current, before, options));
    if (statements.length === 0 || compareCatalogues(current, before).length === 0) break;
    const context = await contextOf(meter, options, statements, {
      from: current,
      to: before,
      existing: renamed.catalogue,
    });
    // One file has one way back: what takes several files on the way up is done one by one.
    const parts = partsOf(statements, context, options);
    transactional &&= parts.length === 1 && parts[0]!.transactional && !useNewValues(statements);
    for (const { statements: own } of parts) {
      const { measured, stopped } = await runPlanned(database, meter, own, context, options, "down");
      down.push(...measured);
      refusal = stopped;
      if (stopped !== undefined) break;
    }
    current = await readPlanned(database, options);
  }
  const rest = compareCatalogues(current, before);
  if (refusal !== undefined && rest.some(({ planned }) => planned)) throw refusal;
  requireNothing("The way back does not restore what was there before (--no-down leaves it out)", rest);
  lost.push(...rest.filter(({ planned }) => !planned));
  return { statements: down, transactional };
}

/** What the online forms depend on; new columns are tried out, because only PostgreSQL knows what their defaults do. */
async function contextOf(
  meter: Meter,
  { online, postgres = 0 }: PlanOptions,
  statements: readonly PlannedStatement[],
  catalogues: Pick<OnlineContext, "from" | "to" | "existing">,
): Promise<OnlineContext> {
  const rewriting = new Set<string>();
  // The scratch database has to know it as well, to prove it.
  const takesUncheckedNotNull = Math.min(postgres, catalogues.to.major) >= UNCHECKED_NOT_NULL;
  const context = { ...catalogues, rewriting, takesUncheckedNotNull };
  if (!online) return context;
  for (const { sql, makes } of statements) {
    if (makes[0]?.kind !== "column" || !sql.includes(" DEFAULT ")) continue;
    const effects = await meter.runAlone(sql, "rollback").catch((error: unknown) => {
      // It needs something that the same plan makes, and might as well rewrite.
      if (error instanceof ConfitureError && error.server !== undefined) return undefined;
      throw error;
    });
    if (effects === undefined || effects.rewrites.some(({ isNew }) => !isNew)) rewriting.add(sql);
  }
  return context;
}

/** The major version from which on ADD CONSTRAINT ... NOT NULL ... NOT VALID is known (release notes of 18, "Constraints"). */
const UNCHECKED_NOT_NULL = 18;

interface Part {
  readonly part: string | undefined;
  readonly statements: readonly PlannedStatement[];
  readonly transactional: boolean;
}

/** The files of a plan, in order. */
function partsOf(statements: readonly PlannedStatement[], context: OnlineContext, { online }: PlanOptions): Part[] {
  if (!online) {
    return [{ part: undefined, statements, transactional: statements.every(({ transactional }) => transactional) }];
  }
  const steps = onlineSteps(statements, context);
  const inPhase = (wanted: Phase): PlannedStatement[] =>
    steps.filter(({ phase }) => phase === wanted).map(({ statement }) => statement);
  const rows = inPhase("rows");
  return [
    { part: undefined, statements: inPhase("transaction"), transactional: true },
    ...inPhase("fill").map((statement) => ({ part: "fill", statements: [statement], transactional: true })),
    { part: "validate", statements: rows, transactional: rows.length === 1 },
    { part: "indexes", statements: inPhase("indexes"), transactional: false },
  ].filter((part) => part.statements.length > 0);
}
