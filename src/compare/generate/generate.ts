import { ConfitureError } from "#errors/error.ts";
import { withScratch } from "#scratch/scratch.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { codeNamingRenamed } from "./code-naming.ts";
import { type FilledTable, leftEmpty, readFilled } from "./filled.ts";
import { hazardsIn, type PlannedHazard } from "./hazards.ts";
import { contractsBefore } from "./held-contracts.ts";
import { MadeAnew } from "./made-anew.ts";
import { type Names, renderMigration } from "./migration-file.ts";
import { inPlannersWords, type MeasuredStatement } from "./section.ts";
import { ownersLost, withOwners } from "./owners-kept.ts";
import { prove, unproven } from "./proof.ts";
import { type Change, compareCatalogues, isUnfinishedIndex } from "../catalogue/changes.ts";
import { reword } from "../sources/rebuild.ts";
import type { PlanOptions } from "./options.ts";
import type { PossibleRename } from "./renames.ts";
import { planFrom, type PlanSegment, segmentOf } from "./plan.ts";
import { buildSchema, isInUse, type Source, sourceCatalogue } from "../sources/sources.ts";
import { WrittenStatements } from "../sources/written.ts";
import type { Plan, Step } from "./steps.ts";
import { describe } from "../catalogue/describe.ts";
import { grantsIn } from "../catalogue/extra-grants.ts";
import { onTerms, type OtherGrants, type Owners, withGrants } from "../catalogue/terms.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";

/** One migration to be written; several where PostgreSQL needs a COMMIT in between. */
export interface GeneratedMigration {
  /** What it does beside the others, for the end of its name: "indexes". */
  readonly part: string | undefined;
  readonly up: readonly MeasuredStatement[];
  /** Empty when the way back was not wanted. */
  readonly down: readonly MeasuredStatement[];
  /** Whether its way up is one transaction, or each statement one of its own. */
  readonly transactional: boolean;
  readonly hazards: { readonly up: readonly PlannedHazard[]; readonly down: readonly PlannedHazard[] };
  /** The same as data; without a way down where it was not wanted. */
  readonly plan: { readonly up: PlanSegment; readonly down: PlanSegment | undefined };
  /** The file's content. */
  readonly text: string;
}

export interface Generated {
  /** In order; none when there is nothing to do. Every one is proven. */
  readonly migrations: readonly GeneratedMigration[];
  /** How they name what is in the schema "public". */
  readonly names: Names;
  /** What is different afterwards, but for what was renamed. */
  readonly changes: readonly Change[];
  /** Whether there was nothing before. */
  readonly startsEmpty: boolean;
  readonly renames: Plan["renames"];
  /** Dropped and added objects that could be renames. */
  readonly possibleRenames: readonly PossibleRename[];
  /** What is not in them, because no SQL is planned for its kind. */
  readonly byHand: Plan["byHand"];
  /** Roles that default privileges of a database in use give rights to what is made, and of which no file speaks. */
  readonly givenByDefault: readonly string[];
  /** What a database in use has and no plan is about, because it cannot be compared. */
  readonly notCompared: Catalogue["notCompared"];
  /** Grants of a database in use that go with what is made anew, and of which no file speaks: "view public.v to reader". */
  readonly lostGrants: readonly string[];
  /** What goes over from its owner there to whoever runs the migrations, as it is made anew: "view public.v of app". */
  readonly lostOwners: readonly string[];
  /** Tables that are made and that the schema files fill: their rows are in none of the migrations. */
  readonly leftEmpty: readonly FilledTable[];
  /** Of a change in steps: what the new release may write and the old columns do not keep, as an example. */
  readonly notKept?: string | undefined;
  /** And functions whose text may be about a column that goes, which nothing here could try. */
  readonly naming?: readonly string[] | undefined;
  /** Functions whose text is still about a column by the name that it had before a rename. */
  readonly namingRenamed?: readonly string[];
  /** Contracts of the folder that may still wait, and that it has to come behind. */
  readonly comesBehind?: readonly MigrationFile[];
}

/**
 * Plans the migration that brings `from` to the schema files, up and down, and proves it: in a scratch database
 * its up gives what the schema files build, and its down gives `from` again.
 * @throws ConfitureError `generate_refused` when it would lose data, or when the proof fails
 */
export async function generateMigrations(given: PlanOptions): Promise<Generated> {
  const { to, filled, unfinished, givenByDefault, notCompared, grants, owners, ...ends } = await readEnds(given);
  const options = { ...given, ...ends, written: WrittenStatements.inFiles(given) };
  given.onStep?.("Planning");
  const { steps, changes, startsEmpty, renames, possibleRenames, byHand, proveRows, synced, naming } = await planFrom(
    options,
    to,
  );
  const parser = await loadParser();
  const inForm = async ({ names, steps: own }: Form): Promise<Generated> => {
    const texts = own.map((step) => toMigration(step, names, parser).text);
    const kept = withOwners(own, owners, to.facts);
    const written = kept.map((step) => toMigration(step, names, parser));
    given.onStep?.("Proving the plan, up and back");
    await prove(options, texts, to);
    const comesBehind = await contractsBefore(options, texts, to, synced);
    if (proveRows !== undefined) options.onStep?.("Trying it with rows, and releases that write meanwhile");
    const { notKept, notRestored } = (await proveRows?.(options, texts)) ?? {};
    const isAsWritten = notRestored === undefined && comesBehind.length === 0;
    const migrations = isAsWritten
      ? written
      : kept.map((step) => toMigration(behind(withExample(step, notRestored), comesBehind), names, parser));
    return { ...found, migrations, comesBehind, names, notKept };
  };
  const allByHand = { ...byHand, up: [...byHand.up, ...unfinished] };
  const lostGrants = grantsOnRemade(steps, grants);
  const lostOwners = ownersLost(steps, grants?.owners);
  const found = {
    changes,
    startsEmpty,
    renames,
    possibleRenames,
    byHand: allByHand,
    givenByDefault,
    notCompared,
    lostGrants,
    lostOwners,
    leftEmpty: leftEmpty(filled, changes),
    naming,
    namingRenamed: (naming ?? []).length > 0 ? [] : codeNamingRenamed(to, renames),
  };
  if (steps.length === 0) {
    if (allByHand.up.length === 0) return { ...found, migrations: [], names: "qualified" };
    throw unproven("No SQL is planned for the kinds of objects that differ", allByHand.up);
  }
  const forms = formsOf(steps, given.names);
  for (const form of forms) {
    try {
      return await inForm(form);
    } catch (error) {
      const isRefused = error instanceof ConfitureError && error.code === "generate_refused";
      if (!isRefused || form === forms.at(-1)) throw error;
    }
  }
  throw new Error("a plan without a form");
}

/** How a plan is written down. */
interface Form {
  readonly names: Names;
  readonly steps: readonly Step[];
}

/**
 * The forms that are tried to be proven, the best first. A short name may be one of pg_catalog as well, which is found first; and
 * what the schema files say could mean something else where the migration runs.
 */
function formsOf(steps: readonly Step[], names: Names = "qualified"): Form[] {
  const forms: Form[] = names === "short" ? [{ names, steps }] : [];
  forms.push({ names: "qualified", steps });
  const hasOwnWords = ({ up, down }: Step): boolean =>
    [...up.statements, ...(down?.statements ?? [])].some(({ planned }) => planned !== undefined);
  if (!steps.some(hasOwnWords)) return forms;
  const plain = steps.map((step) => ({
    ...step,
    up: inPlannersWords(step.up),
    down: step.down && inPlannersWords(step.down),
  }));
  return [...forms, { names: "qualified", steps: plain }];
}

/** @param example a value that is not brought back, and what it becomes */
function withExample(step: Step, example: string | undefined): Step {
  if (example === undefined) return step;
  const statements = step.up.statements.map((statement) =>
    statement.loss?.reason === "not-restored" ? { ...statement, loss: { ...statement.loss, example } } : statement,
  );
  return { ...step, up: { ...step.up, statements } };
}

/** One that waits for contracts. */
function behind(step: Step, contracts: readonly MigrationFile[]): Step {
  if (contracts.length === 0) return step;
  const after = `after:${contracts.map(({ version }) => version).join(",")}`;
  const { marker } = step.up;
  return { ...step, up: { ...step.up, marker: marker === undefined ? after : `${marker} ${after}` } };
}

/** What a database in use holds is read once, without what is no concern of the files, and rebuilt wherever needed. */
async function readEnds(options: PlanOptions): Promise<Ends> {
  options.onStep?.("Building the schema files");
  const { to, filled } = await withScratch(options, async (database) => {
    await buildSchema(database, options);
    return { to: await readCatalogue(database), filled: await readFilled(database) };
  });
  const { from, postgres, undone } = options;
  if (!isInUse(from))
    return {
      from,
      to,
      filled,
      undone,
      postgres,
      unfinished: [],
      givenByDefault: [],
      notCompared: [],
      grants: undefined,
      owners: undefined,
    };
  options.onStep?.("Reading the database");
  const catalogue = await sourceCatalogue(options, options.from);
  const noise = { owners: false, grants: false, extensionVersions: false };
  const levelled = onTerms(to, catalogue, noise);
  const defaults = catalogue.facts.facts().flatMap(({ id }) => (id.kind === "defaultPrivilege" ? [id.grantee] : []));
  const isKept = options.keepsGrants === true;
  const grants = isKept ? levelled.grants.to : undefined;
  return {
    from: { kind: "catalogue", catalogue: withGrants(levelled.to, to, grants), name: "The database in use" },
    postgres: lowest([options.postgres, isForIt(options) ? catalogue.major : undefined]),
    givenByDefault: levelled.leftOut.filter((role) => defaults.includes(role)),
    notCompared: levelled.to.notCompared,
    grants: isKept ? undefined : levelled.grants.to,
    owners: isKept ? levelled.grants.to.owners : undefined,
    // Rebuilt as well, so that both are in the same words.
    filled,
    // What migrations come to is in the words of what was built.
    undone: undone && ((_, changes) => undone(to, changes)),
    to: withGrants(withoutVersions((await reword(options, to)).catalogue), levelled.to, grants),
    unfinished: compareCatalogues(catalogue, to).filter(isUnfinishedIndex),
  };
}

/** What is rebuilt has the versions of its server, whatever the database in use and the files have: none of them is planned. */
function withoutVersions(catalogue: Catalogue): Catalogue {
  return { ...catalogue, extras: catalogue.extras.filter(({ kind }) => kind !== "extension version") };
}

/** Whether the server of the database in use tells where the migration will run: what is inside the executable is there to develop with. */
function isForIt({ from, keepsGrants }: PlanOptions): boolean {
  return keepsGrants === true || from.kind !== "live" || from.target.engine === "server";
}

function lowest(majors: readonly (number | undefined)[]): number | undefined {
  const known = majors.flatMap((major) => major ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

interface Ends {
  readonly postgres: number | undefined;
  readonly from: Source;
  readonly to: Catalogue;
  readonly undone: PlanOptions["undone"];
  readonly filled: readonly FilledTable[];
  /** Indexes that CREATE INDEX CONCURRENTLY left invalid: a rebuilt one is valid, so that nothing is planned for them. */
  readonly unfinished: readonly Change[];
  readonly givenByDefault: Generated["givenByDefault"];
  readonly notCompared: Generated["notCompared"];
  /** Grants of it that do not count, and that nothing keeps. */
  readonly grants: OtherGrants | undefined;
  /** Its owners of what is made anew, where that is given to them again. */
  readonly owners: Owners | undefined;
}

/** Of grants, those on what a plan takes away and makes again. */
function grantsOnRemade(steps: readonly Step[], grants: OtherGrants | undefined): string[] {
  if (grants === undefined) return [];
  const statements = steps.flatMap(({ up }) => up.statements);
  const anew = new MadeAnew(() => true);
  const remade = statements.flatMap((statement) => anew.by(statement));
  const keys = new Set(remade.map(encodeId));
  const lost = (target: ObjectId, grantee: string): string => {
    const { kind, name } = describe(target);
    return `${kind} ${name} to ${grantee}`;
  };
  const ofFacts = grants.facts.flatMap(({ id }) =>
    id.kind === "acl" && keys.has(encodeId(id.target)) ? [lost(id.target, id.grantee)] : [],
  );
  const ofColumns = grants.extras.flatMap((extra) => {
    const { kind, path } = extra;
    const target = remade.find(
      (id) => "schema" in id && "name" in id && !("table" in id) && id.schema === path[0] && id.name === path[1],
    );
    if (kind !== "column grants" || target === undefined) return [];
    return (grantsIn(extra) ?? []).flatMap(({ grantee }) => (grantee === null ? [] : [lost(target, grantee)]));
  });
  return [...new Set([...ofFacts, ...ofColumns])];
}

function toMigration({ part, up, down }: Step, names: Names, parser: Parser): GeneratedMigration {
  return {
    part,
    up: up.statements,
    transactional: up.transactional,
    down: down?.statements ?? [],
    hazards: { up: hazardsIn(up), down: down === undefined ? [] : hazardsIn(down) },
    plan: { up: segmentOf(up), down: down && segmentOf(down) },
    text: renderMigration(up, down, names, parser),
  };
}
