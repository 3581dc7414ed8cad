import type { Facts } from "../engine/facts.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { describe } from "../catalogue/describe.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import type { Meter } from "../trace/meter.ts";
import { effectsOf } from "./effects.ts";
import type { MeasuredStatement } from "./section.ts";
import {
  ASKED,
  newName,
  type PossibleRename,
  possibleRenames,
  type Rename,
  renameStatements,
  sameUnderAnotherName,
} from "./renames.ts";

/** Asks a person which of these are renames; what is not among the answer is none. */
export type DecideRenames = (possible: readonly PossibleRename[]) => Promise<readonly Rename[]>;

export interface RenameOptions {
  readonly renames: readonly Rename[];
  /** Undefined where there is nobody to ask. */
  readonly decideRenames?: DecideRenames | undefined;
}

/** A scratch database after its renames. */
export interface Renamed {
  readonly statements: readonly MeasuredStatement[];
  readonly catalogue: Catalogue;
  /** Those that were asked for, by the names they had in their turn. */
  readonly renames: readonly Rename[];
}

/**
 * Renames come first: everything else is planned from a database that has its objects under their new names, so it
 * does not matter what else changes about them. What has only another name (indexes and constraints named after a
 * table) follows without asking.
 * @param read reads the catalogue of the scratch database
 * @throws ConfitureError `usage` for a rename of something that was not dropped, or to something that was not added
 */
export async function renameFirst(
  meter: Meter,
  read: () => Promise<Catalogue>,
  from: Catalogue,
  to: Catalogue,
  options: RenameOptions,
): Promise<Renamed> {
  const statements: MeasuredStatement[] = [];
  const done: Rename[] = [];
  const declined = new Set<string>();
  let current = from;
  let wanted = options.renames.map((rename) => qualified(rename, from));
  for (;;) {
    const named = wanted.map((rename) => qualified(adapt(rename, done), current));
    const ready = named
      // What is inside of something that is renamed comes after it.
      .filter(({ from: inner }) => !named.some((outer) => inner.startsWith(`${outer.from}.`)))
      .flatMap((rename) => {
        const planned = renameStatements(rename, current, to);
        return planned.length === 0 ? [] : [{ rename, planned }];
      });
    for (const { rename, planned } of ready) {
      for (const statement of planned.filter((each) => !isMade(each, statements)))
        statements.push({ ...statement, effects: effectsOf(await meter.runAlone(statement.sql, "commit")) });
      done.push(rename);
    }
    wanted = wanted
      .map((rename) => qualified(rename, current))
      .filter((rename) => !ready.some((one) => isSame(one.rename, adapt(rename, done))));
    if (ready.length > 0) current = await read();
    // What stands inside something renamed has its turn only now.
    if (wanted.length > 0 && ready.length > 0) continue;
    const [unknown] = wanted;
    if (unknown !== undefined) throw notRenamed(unknown, current, to, wanted);
    const open = possibleRenames(current, to).filter((rename) => !declined.has(rename.from));
    if (open.length === 0 || options.decideRenames === undefined) break;
    wanted = [...(await options.decideRenames(open))];
    for (const rename of open) declined.add(rename.from);
  }
  const asked = statements.length;
  for (const statement of sameUnderAnotherName(current, to)) {
    try {
      statements.push({ ...statement, effects: effectsOf(await meter.runAlone(statement.sql, "commit")) });
    } catch (error) {
      // The name is taken by something that goes later. It is then dropped and made again, like everything else.
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    }
  }
  if (statements.length > asked) current = await read();
  return { statements, catalogue: current, renames: done };
}

/** "public.users.name" after public.users became public.people: "public.people.name". */
function adapt({ from, to }: Rename, done: readonly Rename[]): Rename {
  const renamed = (name: string): string =>
    done.reduce(
      (path, rename) => (path.startsWith(`${rename.from}.`) ? rename.to + path.slice(rename.from.length) : path),
      name,
    );
  return { from: renamed(from), to: renamed(to) };
}

function isSame(a: Rename, b: Rename): boolean {
  return a.from === b.from && a.to === b.to;
}

/**
 * A rename by the names that objects have here: one without a schema is of the only schema that has it.
 * @throws ConfitureError `usage` where several have it
 */
function qualified({ from, to }: Rename, { facts }: Catalogue): Rename {
  const names = namesOf(facts);
  if (names.has(from)) return { from, to };
  const found = [...names].filter(
    (name) => name.endsWith(`.${from}`) && name.indexOf(".") === name.length - from.length - 1,
  );
  const [only] = found;
  if (only === undefined) return { from, to };
  if (found.length > 1) {
    throw new ConfitureError("usage", `Cannot rename ${from}: there are several`, {
      hint: `Say which: ${found
        .toSorted()
        .map((name) => `--rename ${shellWord(`${name}=${newName({ from, to })}`)}`)
        .join(" or ")}`,
    });
  }
  const schema = only.slice(0, only.length - from.length);
  return { from: only, to: to.split(".").length === from.split(".").length ? schema + to : to };
}

function namesOf(facts: Facts): Set<string> {
  return new Set(facts.facts().flatMap(({ id }) => (ASKED.includes(id.kind) ? [describe(id).name] : [])));
}

function notRenamed(
  { from, to }: Rename,
  source: Catalogue,
  target: Catalogue,
  wanted: readonly Rename[],
): ConfitureError {
  const isSwap = wanted.some((other) => other.from === to && newName(other) === newName({ from: to, to: from }));
  const hints = isSwap
    ? ["Two cannot swap their names in a plan. Write it by hand, by way of a third name: confiture migrate new"]
    : renameHints(possibleRenames(source, target));
  return new ConfitureError("usage", `Cannot rename ${from} to ${to}: ${whyNot()}`, {
    hint: hints.length === 0 ? "Check both names: nothing between the two looks renamed." : hints.join("\n"),
  });

  function whyNot(): string {
    const [before, after] = [namesOf(source.facts), namesOf(target.facts)];
    if (!before.has(from)) return `there is no ${from} to rename`;
    if (after.has(from)) return `${from} is still in the schema files`;
    if (!after.has(to)) return `there is no ${to} in the schema files`;
    return before.has(to) ? `${to} exists already` : "they are not of one kind, or not in the same place";
  }
}

/** What may have been renamed, a line for each; what excludes each other stands together. Pure. */
export function renameHints(possible: readonly PossibleRename[]): string[] {
  const groups: PossibleRename[][] = [];
  for (const rename of possible) {
    const touching = groups.filter((group) => group.some(({ from, to }) => from === rename.from || to === rename.to));
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push([...touching.flat(), rename]);
  }
  return groups.flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    if (others.length === 0) return [`If ${first.from} was renamed: ${renameFlag(first)}`];
    return ["If there was a rename, one of:", ...[first, ...others].map((rename) => `  ${renameFlag(rename)}`)];
  });
}

/** How a rename is asked for on the command line. */
export function renameFlag(rename: Rename): string {
  return `--rename ${shellWord(`${rename.from}=${newName(rename)}`)}`;
}

/** A schema that another rename of the same round has made. */
function isMade({ sql, makes: [made] }: PlannedStatement, before: readonly PlannedStatement[]): boolean {
  return made?.kind === "schema" && before.some((other) => other.sql === sql);
}
