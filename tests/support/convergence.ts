import { type Catalogue, readCatalogue } from "#compare/catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "#compare/catalogue/changes.ts";
import { ConfitureError } from "#errors/error.ts";
import { Random } from "../unit/sql/random.ts";
import { build, type EmptiedDatabase, migrate, planIn, type Ways } from "./golden.ts";
import { madeTwice } from "./made-twice.ts";
import { faultsWithRows } from "./rows.ts";
import { editSchema, randomSchema, renderSchema } from "./random-schema.ts";

/** A schema before and after somebody changed it. */
export interface Pair {
  readonly name: string;
  readonly old: string;
  readonly new: string;
}

/** What became of one direction of a pair. */
export interface Outcome {
  /** With the direction. */
  readonly name: string;
  /**
   * Proven: the up gives the one schema and the down the other again, with rows as well as without. Unproven: a plan came out
   * that does not do that, or an error that is no refusal; that must never be. Unbuildable: one of the two schemas cannot be built.
   */
  readonly kind: "proven" | "equal" | "refused" | "unproven" | "unbuildable";
  /** The first line says it. */
  readonly reason: string;
}

/** One random edit of a random schema. */
export function randomPair(seed: number): Pair {
  const random = new Random(seed);
  const schema = randomSchema(random);
  return { name: `seed ${seed}`, old: renderSchema(schema), new: renderSchema(editSchema(random, schema)) };
}

/** Plans the migration between the schemas of a pair, in both directions, and proves it. */
export async function convergeBothWays(emptied: EmptiedDatabase, pair: Pair): Promise<readonly Outcome[]> {
  const outcome = (direction: string, made: Omit<Outcome, "name">): Outcome => ({
    name: `${pair.name}, ${direction}`,
    ...made,
  });
  const before = await buildSide(emptied, pair.old);
  const both = (kind: Outcome["kind"], reason: string): Outcome[] => [
    outcome("forth", { kind, reason }),
    outcome("back", { kind, reason }),
  ];
  if (typeof before === "string") return both("unbuildable", before);
  const after = await buildSide(emptied, pair.new);
  if (typeof after === "string") return both("unbuildable", after);
  if (compareCatalogues(before, after).length === 0) return both("equal", "");
  return [
    outcome("forth", await converge(emptied, pair.old, { files: pair.new, to: after })),
    outcome("back", await converge(emptied, pair.new, { files: pair.old, to: before })),
  ];
}

/** @returns the reason when it cannot be built */
async function buildSide(emptied: EmptiedDatabase, sql: string): Promise<Catalogue | string> {
  const database = await emptied.empty();
  try {
    return await build(database, sql);
  } catch (error) {
    if (!(error instanceof ConfitureError)) throw error;
    // The engine may be broken: a failed extension leaves it so.
    await emptied.close();
    return error.message;
  }
}

async function converge(
  emptied: EmptiedDatabase,
  fromSql: string,
  { files, to }: { readonly files: string; readonly to: Catalogue },
): Promise<Omit<Outcome, "name">> {
  const database = await emptied.empty();
  const from = await build(database, fromSql);
  let ways = "";
  try {
    const { up, down } = await planIn(database, from, to, { renames: [], to: files });
    ways = `\n${up}\n${down}`;
    const remade = [up, down].flatMap(madeTwice);
    if (remade.length > 0) return { kind: "unproven", reason: `Made twice: ${remade.join(", ")}${ways}` };
    const left = compareCatalogues(await readCatalogue(database), from);
    // Planning leaves the database as it was, but for what no SQL is planned for.
    if (left.length > 0) await build(await emptied.empty(), fromSql);
    const missed = compareCatalogues(await migrate(database, up), to);
    const lost = compareCatalogues(await migrate(database, down), from);
    const differences = [...left, ...missed, ...lost];
    if (differences.length === 0) return await provenWithRows(emptied, fromSql, { up, down });
    const planned = differences.filter((change) => change.planned);
    if (planned.length > 0) return { kind: "unproven", reason: `Different: ${list(planned)}${ways}` };
    const kinds = new Set(differences.map(({ kind }) => kind));
    return { kind: "refused", reason: `No SQL is planned for: ${[...kinds].join(", ")}\n${list(differences)}` };
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "generate_refused")
      return { kind: "refused", reason: [error.message, error.hint ?? ""].join("\n") };
    await emptied.close();
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "unproven", reason: `${reason}${ways}` };
  }
}

async function provenWithRows(emptied: EmptiedDatabase, fromSql: string, ways: Ways): Promise<Omit<Outcome, "name">> {
  const database = await emptied.empty();
  await build(database, fromSql);
  const faults = await faultsWithRows(database, ways);
  if (faults.length === 0) return { kind: "proven", reason: "" };
  return { kind: "unproven", reason: [...faults, ways.up, ways.down].join("\n") };
}

function list(changes: readonly Change[]): string {
  return [...new Set(changes.map(({ kind, name }) => `${kind} ${name}`))].join(", ");
}
