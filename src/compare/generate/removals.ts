import type { ErrorCode } from "#errors/codes.ts";
import { ConfitureError } from "#errors/error.ts";
import { unquoteNames } from "#sql/lexer/unquote.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { lossWords, rowsWords } from "#sql/effects/hazard.ts";
import { shellWord } from "#errors/shell.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { describe } from "../catalogue/describe.ts";
import { type TakenAway, takenAway } from "../catalogue/taken-away.ts";
import { columnsOf } from "../engine/lookups.ts";
import { indexesOfKeys } from "../plan/keys-from-indexes.ts";
import { takeovers } from "../plan/numbers-kept.ts";
import { lostWithSequences } from "./taken-over.ts";
import { lossHazard, partsOf, type PlannedStatement } from "../plan/statement.ts";
import { wordFor } from "./allowing.ts";
import { renameHints } from "./rename-first.ts";
import type { PossibleRename } from "./renames.ts";
import type { MeasuredStatement } from "./section.ts";

/** Something that a migration takes away: an object, a property that protects something, or values. */
export interface Removal {
  /** In PostgreSQL's words: "policy", "row security", "not null"; "data" for values that are cut or gone. */
  readonly kind: string;
  /** Qualified; for data the statement. */
  readonly name: string;
  /** What differs, for finding it in files; undefined for data, and where only rows go. */
  readonly change: Change | undefined;
  /** What becomes of an object that stays: "is switched off". */
  readonly fate?: string;
  /** What is gone besides: "its rows are gone". */
  readonly loss: string | undefined;
  /** The migration that changed it from what it is to be again, where nothing else is taken away. */
  readonly undoes?: MigrationFile | undefined;
}

/** A change that brings an object, or a property of it, back to what it was before a migration changed it. */
export interface UndoneChange {
  readonly change: Change;
  /** The last migration that changed it from what it is to be again. */
  readonly by: MigrationFile;
}

/**
 * Finds such changes.
 * @param to what they lead to
 */
export type FindUndone = (to: Catalogue, changes: readonly Change[]) => Promise<readonly UndoneChange[]>;

/** Told all that a migration takes away, once, before it is written; stops it by throwing. */
export type Permit = (removals: readonly Removal[], possible: readonly PossibleRename[]) => void | Promise<void>;

/**
 * What a plan takes away from `from`, object by object, and what its statements lose besides. Pure.
 * @param statements those of the plan
 */
export function removalsOf(
  from: Catalogue,
  to: Catalogue,
  statements: readonly MeasuredStatement[],
  parser: Parser,
): Removal[] {
  const losing = statements.flatMap(partsOf).filter((statement) => wordsOf(statement) !== undefined);
  const lossOf = (object: Pick<Removal, "kind" | "name">): string | undefined => {
    // What goes first with a statement is what it is about; the sequence of a table goes with it.
    const dropping = losing.find(({ removes: [id] }) => id !== undefined && isNamed(describe(id), object));
    return dropping === undefined ? lossOfKind(object, from) : wordsOf(dropping);
  };
  const goOn = thatGoOn(from, to);
  const objects = [...takenAway(from, to, parser), ...lostWithSequences(takeovers(from.facts, to.facts), from, to)]
    .filter((taken) => !goOn.has(`${taken.kind} ${taken.name}`) && !isInherited(taken, to) && !isTold(taken, losing))
    .map((taken): Removal => ({
      ...taken,
      loss: taken.change.change === "dropped" ? lossOf(taken) : undefined,
    }));
  const named = new Set(objects.map(({ name }) => name));
  const data = losing
    .filter(({ removes }) => !removes.some((id) => named.has(describe(id).name)))
    .map((statement): Removal => ({
      kind: "data",
      name: unquoteNames(statement.planned ?? statement.sql),
      change: undefined,
      loss: wordsOf(statement),
    }));
  return [...objects, ...new Map(data.map((one) => [one.name, one])).values()];
}

/**
 * What is gone by its name, and there in another form: a sequence holds its number, which the next one goes on from, and an index
 * may become that of a key.
 */
function thatGoOn(from: Catalogue, to: Catalogue): ReadonlySet<string> {
  const numbered = takeovers(from.facts, to.facts).filter(({ olds }) => olds.length > 0);
  const named = numbered.flatMap(({ olds, next, columns }) => [
    ...olds.map(({ schema, name }) => describe({ kind: "sequence", schema, name })),
    // An identity takes the place of the default that gave the numbers until now.
    ...(next.identity === undefined
      ? []
      : columns.map(({ schema, table, name }) => describe({ kind: "default", schema, table, name }))),
  ]);
  const indexes = indexesOfKeys(from, to.facts).map((index) => ({ kind: "index", name: describe(index).name }));
  return new Set([...named, ...indexes].map(({ kind, name }) => `${kind} ${name}`));
}

/**
 * Has everything permitted that a plan takes away or sets back.
 * @param renamed `from`, after what the plan renames
 * @param statements those of the plan behind its renames, as they were run
 * @throws ConfitureError `generate_refused`, and what `permit` throws
 */
export async function askForRemovals(
  { permit, undone }: { readonly permit?: Permit | undefined; readonly undone?: FindUndone | undefined },
  { from, renamed, to }: { readonly from: Catalogue; readonly renamed: Catalogue; readonly to: Catalogue },
  statements: readonly MeasuredStatement[],
  possible: readonly PossibleRename[],
): Promise<void> {
  const taken = statements.length === 0 ? [] : removalsOf(renamed, to, statements, await loadParser());
  const removals = [...taken, ...(await undoneOf(undone, renamed, to, taken, newNames(from, renamed)))];
  if (removals.length === 0) return;
  if (permit === undefined) throw refuseRemovals(removals, possible);
  await permit(removals, possible);
}

/** Objects under the names that renames give them: a name is what changes of them. */
function newNames(from: Catalogue, renamed: Catalogue): Change[] {
  return compareCatalogues(from, renamed)
    .filter(({ change }) => change === "added")
    .map((change) => ({ ...change, properties: [{ property: "name", from: undefined, to: change.name }] }));
}

/**
 * What a plan sets back to what it was before a migration, as something that it takes away.
 * @param removals what it takes away besides
 * @param newly what it renames
 */
export async function undoneOf(
  undone: FindUndone | undefined,
  from: Catalogue,
  to: Catalogue,
  removals: readonly Removal[],
  newly: readonly Change[] = [],
): Promise<Removal[]> {
  if (undone === undefined) return [];
  const isListed = ({ change, kind, name, properties }: Change): boolean =>
    removals.some((removal) => removal.change?.kind === kind && removal.change.name === name) &&
    // Of several properties, not every one need be told.
    (change !== "changed" || properties.length === 1);
  const goOn = thatGoOn(from, to);
  const isNeither = (change: Change): boolean => !isListed(change) && !goOn.has(`${change.kind} ${change.name}`);
  const changes = [...newly, ...compareCatalogues(from, to).filter(isNeither)];
  const found = changes.length === 0 ? [] : await undone(to, changes);
  const each = new Map(found.map((one) => [`${one.change.kind} ${one.change.name}`, one]));
  return [...each.values()].map(({ change, by }) => {
    const { kind, name } = change;
    return { kind, name, change, loss: undefined, undoes: by };
  });
}

/** Of values of an enum that goes on, the statement says it that converts a column of it. */
function isTold({ kind, name, change }: TakenAway, losing: readonly PlannedStatement[]): boolean {
  if (kind !== "type" || change.change !== "changed") return false;
  return losing.some(({ rows, sql }) => rows?.reason === "removed-value" && unquoteNames(sql).includes(name));
}

function isNamed(one: Pick<Removal, "kind" | "name">, other: Pick<Removal, "kind" | "name">): boolean {
  return one.kind === other.kind && one.name === other.name;
}

/** A column that a table has from its parent now. */
function isInherited({ kind, change }: Pick<TakenAway, "kind" | "change">, { facts }: Catalogue): boolean {
  const [schema = "", name = "", column = ""] = change.path;
  return (
    kind === "column" && change.change === "dropped" && columnsOf({ kind: "table", schema, name }, facts).has(column)
  );
}

/** What goes with an object that a later round of the plan drops. */
function lossOfKind({ kind, name }: Pick<Removal, "kind" | "name">, { facts }: Catalogue): string | undefined {
  const dropped = facts.facts().find(({ id }) => isNamed(describe(id), { kind, name }));
  if (kind === "table") return lossWords(lossHazard("rows"));
  if (kind === "column" && dropped?.parent?.kind === "table") return lossWords(lossHazard("values"));
  const isAlone = kind === "sequence" && (dropped?.payload["ownedBy"] ?? null) === null;
  return isAlone ? lossWords(lossHazard("next-number")) : undefined;
}

/** What a statement loses, if anything; a value of an enum that goes loses nothing, and nobody can use it again. */
function wordsOf(statement: PlannedStatement | undefined): string | undefined {
  const { loss, rows } = statement ?? {};
  if (loss !== undefined) return lossWords(loss);
  return rows?.reason === "removed-value" ? rowsWords(rows) : undefined;
}

/** What takes things away, and what is left undone where it may not. */
export interface Remover {
  /** "The migration" */
  readonly what: string;
  /** "Nothing was written." */
  readonly undone: string;
  /** Of the error; `generate_refused` when undefined. */
  readonly code?: ErrorCode;
  /** The command that takes `--allow-drop`, where it is another: "confiture apply ". */
  readonly command?: string;
  /** What to do for what is to stay, where it is not to be added to the schema files. */
  readonly staying?: string;
  /** Whether nobody can be asked now: others wait for what is locked. */
  readonly holdsLocks?: boolean;
}

const MIGRATION: Remover = { what: "The migration", undone: "Nothing was written." };

/**
 * What is said where nobody has consented.
 * @param madeBy where the project's files make it: "db/migrations/002_rls.sql:4"
 * @param allowed words of `--allow-drop` that allow the rest
 */
export function refuseRemovals(
  removals: readonly Removal[],
  possible: readonly PossibleRename[],
  madeBy: (removal: Removal) => string | undefined = () => undefined,
  { what, undone, code = "generate_refused", command = "", staying }: Remover = MIGRATION,
  allowed: readonly string[] = [],
): ConfitureError {
  const list = (which: readonly Removal[]): string =>
    which.map((removal) => `\n  ${describeRemoval(removal, madeBy)}`).join("");
  const [setBack, others] = [removals.filter(isUndone), removals.filter((removal) => !isUndone(removal))];
  const [objects, data] = [others.filter(isObject), others.filter((removal) => !isObject(removal))];
  // Those that the schema files have never had are brought there by a command; what `apply` compares has no migrations.
  const bringing = what === MIGRATION.what && objects.some((removal) => madeBy(removal) !== undefined);
  const kept =
    staying ??
    `If it is to stay, add it to the schema files${bringing ? "; `confiture schema update` adds what migrations made" : ""}.`;
  const wanted =
    setBack.length === 0
      ? "If it is to go"
      : others.length === 0
        ? "If it is to be undone"
        : "If all of this is wanted";
  return new ConfitureError(
    code,
    [
      ...(objects.length === 0 ? [] : [`${what} would take away what is there:${list(objects)}`]),
      ...(data.length === 0 ? [] : [`${what} would lose values:${list(data)}`]),
      ...(setBack.length === 0 ? [] : [`${what} would undo what migrations before it did:${list(setBack)}`]),
    ].join("\n"),
    {
      hint: [
        `${undone}${objects.length === 0 ? "" : ` ${kept}`}`,
        ...(setBack.length === 0
          ? []
          : ["To bring what migrations did into the schema files instead: confiture schema update"]),
        `${wanted}: ${command}--allow-drop, or for this alone ${command}${allowing(removals, allowed)}`,
        // Back to what a migration has renamed is no rename of the files' own.
        ...(command === "" ? renameHints(possible.filter((one) => !setBack.some(({ name }) => name === one.to))) : []),
      ].join("\n"),
      data: {
        removals: removals.map((removal) => {
          const { kind, name, loss = null } = removal;
          const place = isObject(removal) ? (madeBy(removal) ?? null) : null;
          return isUndone(removal)
            ? { kind, name, loss, madeBy: null, undoes: place }
            : { kind, name, loss, madeBy: place };
        }),
      },
    },
  );
}

function isObject({ kind }: Removal): boolean {
  return kind !== "data";
}

/** Whether something is set back to what it was before a migration. */
export function isUndone({ undoes }: Pick<Removal, "undoes">): boolean {
  return undoes !== undefined;
}

/** The flag that allows these and nothing else, besides what is allowed already. */
function allowing(removals: readonly Removal[], allowed: readonly string[]): string {
  return shellWord(`--allow-drop=${[...new Set([...allowed, ...removals.map(wordFor)])].join(",")}`);
}

/**
 * "policy public.users.own_rows, made by db/migrations/002_rls.sql:4, is not in the schema files", or "undoes what
 * db/migrations/002_rls.sql:4 did: policy public.users.own_rows"
 */
export function describeRemoval(removal: Removal, madeBy: (removal: Removal) => string | undefined): string {
  const { kind, name, fate = "is not in the schema files", loss } = removal;
  if (!isObject(removal)) return `${name}; -- ${loss ?? ""}`;
  const place = madeBy(removal);
  if (removal.undoes !== undefined) return `undoes what ${place ?? removal.undoes.path} did: ${kind} ${name}`;
  const what = `${kind} ${name}${place === undefined ? "" : `, made by ${place},`} ${fate}`;
  return loss === undefined ? what : `${what}: ${loss}`;
}
