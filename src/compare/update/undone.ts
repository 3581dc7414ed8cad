import { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import type { UndoneChange } from "../generate/removals.ts";
import { withScratchSeries } from "../runs/scratch-series.ts";
import { projectMigrations } from "../sources/sources.ts";
import { reversible, startsFromNothing } from "../verify/replay-ways.ts";
import type { EndsOptions } from "./ends.ts";
import { loadHistory, replayStates } from "./replay-states.ts";
import { spokenOf } from "./spoken-of.ts";

/**
 * Looks for what a plan sets back. Migrations are run once more where one of them may have changed what the plan changes, and
 * the states around those that may are compared; where all that is planned is new, nothing is run.
 * @param to what the plan leads to
 * @param changes those of the plan
 * @param isAsked by which migrations; all unless given
 * @throws ConfitureError where the migrations cannot be run
 */
export async function findUndone(
  options: EndsOptions,
  to: Catalogue,
  changes: readonly Change[],
  isAsked: (by: MigrationFile) => boolean = () => true,
): Promise<readonly UndoneChange[]> {
  const files = projectMigrations(options);
  const spoken = spokenOf(options, files, changes);
  const parts = new Map([...spoken].map(([file, own]) => [file.path, own.flatMap(partsOf)]));
  const partsIn = ({ path }: MigrationFile): readonly Part[] => parts.get(path) ?? [];
  const last = files.findLastIndex((file) => partsIn(file).length > 0);
  if (last < 0) return [];
  options.onStep?.("Looking for what migrations changed");
  const changed = new ChangedParts();
  const { migrations, base } = await loadHistory(options);
  await withScratchSeries(options, async (series) => {
    const replayed = { ...options, migrations, beginning: base, isTested: () => false };
    const fromNothing = await startsFromNothing(replayed, await series.empty());
    const ways = fromNothing ? migrations : reversible({ migrations });
    const behind = new Set(migrations.slice(last + 1));
    // What is read behind one migration is what there is before the next.
    let known: readonly Change[] | undefined;
    const look = async (read: () => Promise<Catalogue>): Promise<readonly Change[]> =>
      (known ??= compareCatalogues(await read(), to));
    const beginning = { base, fromNothing, migrations: ways };
    const end = await replayStates(options, series, beginning, {
      before: async (migration, read) => {
        const own = partsIn(migration.file);
        if (own.length > 0 && !behind.has(migration)) changed.before(own, await look(read));
        known = undefined;
        return !behind.has(migration);
      },
      after: async ({ file }, read) => {
        const own = changed.open(partsIn(file));
        if (own.length > 0) changed.after(own, await look(read), file);
      },
    });
    if (end instanceof ConfitureError) throw end;
  });
  return changed.all(isAsked);
}

/** A change, or one property of it: of what is renamed, its name. */
interface Part {
  readonly change: Change;
  readonly property: string | undefined;
}

function partsOf(change: Change): Part[] {
  if (change.properties.length === 0) return [{ change, property: undefined }];
  return change.properties.map(({ property }) => ({ change, property }));
}

/** What migrations changed from what it is to be again. */
class ChangedParts {
  readonly #by = new Map<string, UndoneChange>();
  #alike: ReadonlySet<string> = new Set();

  /** @param different what a state has otherwise than it is to be */
  before(parts: readonly Part[], different: readonly Change[]): void {
    this.#alike = new Set(parts.filter((part) => isAlike(part, different)).map(keyOf));
  }

  /** Those on which a look behind a migration depends. */
  open(parts: readonly Part[]): readonly Part[] {
    return parts.filter((part) => this.#alike.has(keyOf(part)) || this.#by.has(keyOf(part)));
  }

  after(parts: readonly Part[], different: readonly Change[], by: MigrationFile): void {
    for (const part of parts) {
      const key = keyOf(part);
      if (isAlike(part, different)) this.#by.delete(key);
      else if (this.#alike.has(key)) this.#by.set(key, { change: part.change, by });
    }
  }

  /** One for each object. */
  all(isAsked: (by: MigrationFile) => boolean): readonly UndoneChange[] {
    const asked = [...this.#by.values()].filter(({ by }) => isAsked(by));
    return [...new Map(asked.map((undone) => [undone.change, undone])).values()];
  }
}

function keyOf({ change: { kind, name }, property }: Part): string {
  return JSON.stringify([kind, name, property]);
}

/** Whether all that a change is about is the same in two states, which differ in `different`. Pure. */
export function isSameIn(change: Change, different: readonly Change[]): boolean {
  return partsOf(change).every((part) => isAlike(part, different));
}

/** Whether it is the same in a state as it is to be. */
function isAlike({ change, property }: Part, different: readonly Change[]): boolean {
  return different.every((other) => {
    if (!isNamed(other, change)) return other.change !== "added" || !isWithin(change, other);
    const isOther = other.properties.some((each) => each.property === property);
    return other.change === "changed" && property !== undefined && !isOther;
  });
}

/** Whether something belongs to an object: where that is missing, it is not listed again. */
function isWithin({ path, on }: Change, whole: Change): boolean {
  if (on !== undefined && isNamed(whole, on)) return true;
  if (whole.path.length > path.length || !whole.path.every((name, index) => name === path[index])) return false;
  return whole.path.length < path.length || !/ on |^default$/.test(whole.kind);
}

function isNamed(one: Pick<Change, "kind" | "name">, other: Pick<Change, "kind" | "name">): boolean {
  return one.kind === other.kind && one.name === other.name;
}
