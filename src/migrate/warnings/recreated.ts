import type { Database } from "#database/database.ts";
import { placeIn } from "#database/script.ts";
import { type ExposureKind, exposureWords } from "#sql/effects/exposure-kinds.ts";
import { afterChange, FOR_PUBLIC, holds, type Right, writtenGrants } from "#sql/effects/given-rights.ts";
import { type MadeObject, madeObjects, mayRecreate } from "#sql/effects/made-objects.ts";
import { isSameName, isSameObject, type ObjectName } from "#sql/effects/object-names.ts";
import { lossOfRecreated } from "#sql/effects/recreated.ts";
import { loadParser } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import type { Direction } from "../events.ts";
import type { MigrateOptions } from "../exclusive.ts";
import type { LoadedMigration } from "../files/body.ts";
import { type DefaultAcl, type KnownObject, readAsMade, readKnownObjects } from "./known-objects.ts";

/** What a database has on an object that is dropped and made again, and that is not put on it again. */
export interface Recreated {
  /** In the words of `lossOf`. */
  readonly losses: readonly string[];
  readonly exposures: readonly ExposureKind[];
}

/**
 * What goes away with objects that these statements drop and make again: rights, owners, comments, security labels, triggers, indexes
 * and the like, which somebody has given them in the database and the statements do not.
 * @param migrations the statements of each, in the order in which they run
 * @param database what they are for; undefined where there is none yet
 */
export async function recreatedBy(
  migrations: readonly (readonly Statement[])[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, Recreated>> {
  const found = new Map<Statement, Recreated>();
  if (database === undefined || !mayRecreate(migrations)) return found;
  const { user, defaults } = await readAsMade(database);
  const made = madeObjects(migrations, await loadParser(), user);
  if (made.length === 0) return found;
  const known = await readKnownObjects(database, [...new Set(made.map(({ name }) => name.name))]);
  for (const one of made) {
    const former = formerOf(one, known);
    if (former === undefined) continue;
    const { lost, opened } = lostOn(one, former, defaults);
    const what = `${former.kind} ${former.shown}`;
    const statement = one.dropped ?? one.statement;
    const { losses = [], exposures = [] } = found.get(statement) ?? {};
    found.set(statement, {
      losses: lost.length === 0 ? losses : [...losses, lossOfRecreated(what, lost, one.isReplaced)],
      exposures: [...exposures, ...opened.map((right): ExposureKind => ({ kind: "right-again", what, right }))],
    });
  }
  return found;
}

/** Says it of migrations in SQL that are about to run: nothing in their text does. */
export async function tellRecreated(
  database: Database,
  migrations: readonly LoadedMigration[],
  direction: Direction,
  { onEvent }: Pick<MigrateOptions, "onEvent">,
): Promise<void> {
  if (onEvent === undefined) return;
  const scripts = migrations.flatMap((migration) => {
    const body = migration[direction];
    return body?.kind === "sql" ? [body.script] : [];
  });
  const found = await recreatedBy(
    scripts.map(({ statements }) => statements),
    database,
  );
  for (const script of found.size === 0 ? [] : scripts) {
    for (const statement of script.statements) {
      const { losses = [], exposures = [] } = found.get(statement) ?? {};
      const location = placeIn(script, statement.start);
      for (const what of [...losses, ...exposures.map((one) => `exposes ${exposureWords(one)}`)]) {
        onEvent({ type: "recreates", what, location });
      }
    }
  }
}

/** The object of the database that had the name. */
function formerOf({ name, dropped }: MadeObject, known: readonly KnownObject[]): KnownObject | undefined {
  const same = known.filter((one) => isSameObject(one.name, name));
  const named = same.length > 0 || name.family !== "routine" ? same : known.filter((one) => isSameName(one.name, name));
  // CREATE FUNCTION makes another one beside those that have other types.
  if (name.family === "routine" && dropped === undefined && same.length === 0) return undefined;
  if (same.length === 0 && named.length > 1) return undefined;
  // Without a schema, others are not meant, and not in the way.
  return named.find(({ isVisible }) => isVisible || name.schema !== undefined);
}

function lostOn(
  made: MadeObject,
  former: KnownObject,
  defaults: readonly DefaultAcl[],
): { readonly lost: readonly string[]; readonly opened: readonly string[] } {
  const now = rightsOf(made, former.name, defaults);
  const isOwners = ({ grantee }: Right): boolean => grantee === made.owner;
  const lostRights = former.rights.filter((right) => !isOwners(right) && !holds(now, right));
  const isForAll = ({ grantee, column }: Right): boolean => grantee === undefined && column === undefined;
  const opened = now.filter((right) => isForAll(right) && isUntold(right, made) && !holds(former.rights, right));
  const isKept = (part: string): boolean =>
    made.parts.has(keyOf(part)) || made.copied.some((copied) => part.startsWith(copied)) || isKeptUnnamed(part, made);
  const lostParts = former.parts.filter((part) => !isKept(part));
  if (made.isReplaced) return { lost: lostParts.filter(isSetting), opened: [] };
  return {
    lost: [
      ...writtenGrants(lostRights, writeIdentifier),
      ...(former.owner === null || former.owner === made.owner ? [] : [`OWNER TO ${writeIdentifier(former.owner)}`]),
      ...lostParts,
    ],
    opened: opened.map(({ privilege }) => privilege),
  };
}

/** The part of a `MadeObject` that says the same, whatever the value. */
function keyOf(part: string): string {
  return /^SET [^=]+|^REPLICA IDENTITY/.exec(part)?.[0] ?? part;
}

/** What OR REPLACE sets anew. */
function isSetting(part: string): boolean {
  return part.startsWith("SET ") || part === "SECURITY INVOKER";
}

/** What PostgreSQL calls those that are made without a name. */
const UNNAMED: Readonly<Record<string, RegExp>> = {
  "INDEX ": /_idx\d*$/,
  "CHECK ": /_check\d*$/,
  "UNIQUE ": /_key\d*$/,
  "FOREIGN KEY ": /_fkey\d*$/,
  "EXCLUDE ": /_excl\d*$/,
};

/** Whether it may be one that is made without a name. A table has one primary key, whatever that is called. */
function isKeptUnnamed(part: string, { parts }: MadeObject): boolean {
  if (part.startsWith("PRIMARY KEY ")) return [...parts].some((one) => one.startsWith("PRIMARY KEY "));
  return Object.entries(UNNAMED).some(([kind, usual]) => part.startsWith(kind) && parts.has(kind) && usual.test(part));
}

/** A GRANT to PUBLIC tells by itself. */
function isUntold(right: Right, { changes }: MadeObject): boolean {
  return !changes.some((change) => change.isGrant && holds(change.rights, right));
}

/** What others than the owner may do with it at the end. */
function rightsOf(
  { owner, changes, defaults, isSequence, name }: MadeObject,
  at: ObjectName,
  acls: readonly DefaultAcl[],
): Right[] {
  const { family } = name;
  const isOf = (one: { readonly role: string; readonly family: string; readonly isSequences: boolean }): boolean =>
    one.role === owner && one.family === family && one.isSequences === isSequence;
  const general = acls.find((one) => one.schema === null && isOf(one));
  const inSchema = acls.filter((one) => one.schema !== null && one.schema === at.schema && isOf(one));
  const forPublic = FOR_PUBLIC[family];
  const usual: Right[] =
    forPublic === undefined ? [] : [{ privilege: forPublic, grantee: undefined, column: undefined, withOption: false }];
  const begin = [...(general?.rights ?? usual), ...inSchema.flatMap(({ rights }) => rights)];
  const said = defaults.filter((one) => isOf(one) && (one.schema === undefined || one.schema === at.schema));
  return [...said.map(({ change }) => change), ...changes].reduce(afterChange, begin);
}
