import { isEmptyDatabase } from "#migrate/base.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues, isUnfinishedIndex } from "../catalogue/changes.ts";
import { describe } from "../catalogue/describe.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { hazardsIn, type PlannedHazard } from "./hazards.ts";
import { isOfSubscription, withoutSubscriptions } from "../catalogue/subscriptions.ts";
import { onTerms, type OtherGrants, type Terms, withGrants } from "../catalogue/terms.ts";
import { textsOf } from "../plan/statement.ts";
import { withScratch } from "#scratch/scratch.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import { inWordsOf } from "../sources/comparison.ts";
import { rebuildExactly } from "../sources/rebuild.ts";
import { prepareSource, type ProjectFiles, type Source } from "../sources/sources.ts";
import { WrittenStatements } from "../sources/written.ts";
import type { PlanOptions } from "./options.ts";
import { withOwners } from "./owners-kept.ts";
import { planInSteps } from "./plan-in-steps.ts";
import type { DecideRenames } from "./rename-first.ts";
import { undoneOf } from "./removals.ts";
import type { Section } from "./section.ts";
import { type Plan, planSteps, readPlanned } from "./steps.ts";

/**
 * The finished plan from a source to a catalogue, made and run in a scratch database of its own.
 * @param to as the scratch database would write it
 * @returns it, and whether the source holds nothing at all
 * @throws ConfitureError `generate_refused` with what is in the way, and as `prepareSource`
 */
export async function planFrom(options: PlanOptions, to: Catalogue): Promise<Plan & { readonly startsEmpty: boolean }> {
  return await withScratch(options, async (database) => {
    await prepareSource(database, options, options.from);
    const startsEmpty = await isEmptyDatabase(database, SCRATCH_LEDGER);
    const from = await readPlanned(database, options);
    const inSteps = options.online ? await planInSteps(database, from, to, options) : undefined;
    if (inSteps === undefined) return { ...(await planSteps(database, from, to, options)), startsEmpty };
    const setBack = await undoneOf(options.undone, from, to, []);
    if (setBack.length > 0) await options.permit?.(setBack, []);
    return { ...inSteps, startsEmpty };
  });
}

/** The two ends of a difference that is to be closed. */
export interface Ends {
  readonly from: Catalogue;
  readonly to: Catalogue;
  /** What `from` can be built from again; its own definitions where that is left out. */
  readonly source?: Source | undefined;
  /** As of `Means`. */
  readonly postgres?: number | undefined;
  /** What counts where a database in use takes part. */
  readonly terms?: Terms | undefined;
  /** Grants and owners of `from` that do not count: what is made anew has them as well. */
  readonly grants?: OtherGrants | undefined;
  /** Tells which dropped and added objects are one that has another name; none is when undefined. */
  readonly decideRenames?: DecideRenames | undefined;
  /** Takes out what is to stay as it is, and is not in `to` any more. */
  readonly leaveOut?: ((catalogue: Catalogue) => Catalogue) | undefined;
}

/**
 * The finished plan that closes a difference, whatever it takes away.
 * @throws ConfitureError as `planFrom`
 */
export async function planBetween(
  files: ProjectFiles,
  { from: given, to: wanted, source, postgres, terms, grants, decideRenames, leaveOut = asItIs }: Ends,
): Promise<Plan> {
  const [from, to] = [withGrants(given, wanted, grants), withGrants(wanted, given, grants)].map(
    withoutSubscriptions,
  ) as [Catalogue, Catalogue];
  const written = WrittenStatements.inFiles(files);
  const means = { noDown: true, online: false, postgres };
  const options = { ...files, renames: [], decideRenames, written, permit: () => {}, ...means };
  if (source !== undefined) return await planFrom({ ...options, from: source }, to);
  const there = { kind: "catalogue", catalogue: from, name: "What is there" } as const;
  const plan = await withScratch(files, async (database) => {
    await rebuildExactly(database, from, there.name, terms?.owners !== false);
    const rebuilt = await readPlanned(database, { from: there });
    const inItsWords = inWordsOf(from, rebuilt);
    const level = (catalogue: Catalogue): Catalogue =>
      leaveOut(terms === undefined ? inItsWords(catalogue) : onTerms(inItsWords(catalogue), to, terms).from);
    return await planSteps(database, level(rebuilt), to, { ...options, from: there, level });
  });
  // A rebuilt index is valid, so that nothing was planned for one that is not.
  const unfinished = compareCatalogues(leaveOut(from), to).filter(isUnfinishedIndex);
  const subscriptions = compareCatalogues(leaveOut(given), wanted).filter(isOfSubscription);
  return {
    ...plan,
    steps: withOwners(plan.steps, grants?.owners, to.facts),
    byHand: { ...plan.byHand, up: [...plan.byHand.up, ...unfinished, ...subscriptions] },
  };
}

function asItIs(catalogue: Catalogue): Catalogue {
  return catalogue;
}

/** An object by its kind, in PostgreSQL's words, and its qualified name. */
export type ObjectName = Pick<Change, "kind" | "name">;

/** What runs together: in one transaction, or each statement by itself. */
export interface PlanSegment {
  readonly transactional: boolean;
  readonly statements: readonly {
    /** It, with the settings that it runs in and what belongs right behind it; each without a semicolon. */
    readonly sql: readonly string[];
    readonly makes: readonly ObjectName[];
    readonly removes: readonly ObjectName[];
    readonly needs: readonly ObjectName[];
    readonly hazards: readonly PlannedHazard[];
  }[];
}

/** A plan's way up as data, in the order in which it was run. Pure. */
export function segmentsOf({ steps }: Plan): PlanSegment[] {
  return steps.map(({ up }) => segmentOf(up));
}

/** One direction of a migration as data. Pure. */
export function segmentOf({ statements, transactional }: Section): PlanSegment {
  return {
    transactional,
    statements: statements.map((statement) => {
      const { makes, removes, needs, behind = [] } = statement;
      const own = new Set(makes.map(encodeId));
      return {
        sql: [...textsOf(statement), ...behind],
        makes: namesOf(makes),
        removes: namesOf(removes),
        needs: namesOf(needs.filter((id) => !own.has(encodeId(id)))),
        hazards: hazardsIn({ statements: [statement], transactional }),
      };
    }),
  };
}

function namesOf(ids: readonly ObjectId[]): ObjectName[] {
  return ids.map((id) => {
    const { kind, name } = describe(id);
    return { kind, name };
  });
}

/** The statements of segments, each without a semicolon. Pure. */
export function statementsOf(segments: readonly PlanSegment[]): string[] {
  return segments.flatMap(({ statements }) => statements.flatMap(({ sql }) => sql));
}
