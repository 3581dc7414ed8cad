import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "../files/body.ts";
import type { HistoryEntry } from "../history.ts";
import { migrationId } from "../files/migration-file.ts";
import type { NamedObject } from "./named-objects.ts";
import type { PlannedDatabase } from "./planned-database.ts";
import { compareVersions } from "../files/version.ts";

/** A version with what its text was: sha256 in hex; null where the ledger has none. */
interface Marked {
  readonly version: string;
  readonly name: string;
  readonly checksum: string | null;
}

/** What is to be run, and what of the way it runs is said beside its file, where its checksum does not tell. */
interface ToRun extends Marked {
  /** How the file is read. */
  readonly layout: string;
  /** Whether it runs in one transaction. */
  readonly transactional: boolean;
}

/** What a plan goes by, of a migration. */
export interface Planned extends Pick<LoadedMigration, "file" | "checksum"> {
  readonly transactional: boolean;
}

/** What somebody has looked at and wants to be run: this, on this database, standing like this. */
export interface ApprovedPlan {
  readonly format: "confiture-plan";
  readonly version: 1;
  /** The environment that it was made for; null where a URL stood in for one. */
  readonly environment: string | null;
  readonly database: PlannedDatabase;
  /** What the ledger said was applied, in version order. */
  readonly applied: readonly Marked[];
  /** What is to be run, in order. */
  readonly migrations: readonly ToRun[];
  /** What the database has under the names that they mention. */
  readonly named: readonly NamedObject[];
  /** sha256 in hex of all of the above. */
  readonly digest: string;
}

/** What a plan goes by, of a migration that is loaded. Reads its way up. */
export function plannedOf({ file, checksum, up }: LoadedMigration): Planned {
  // What is refused does not run in either way.
  return { file, checksum, transactional: up.kind !== "refused" && up.transactional };
}

/** Pure. */
export function planToApprove(
  { environment, database, named }: Pick<ApprovedPlan, "environment" | "database" | "named">,
  history: readonly HistoryEntry[],
  migrations: readonly Planned[],
): ApprovedPlan {
  const plan = {
    format: "confiture-plan",
    version: 1,
    environment,
    database,
    applied: appliedOf(history),
    migrations: migrations.map(toRun),
    named: named.map(({ what, code }) => ({ what, code })),
  } as const;
  return { ...plan, digest: digestOf(plan) };
}

/**
 * Reads what `planToApprove` made.
 * @param file as shown in messages
 * @throws ConfitureError `plan_invalid`
 */
export function readApprovedPlan(text: string, file: string): ApprovedPlan {
  const refuse = (why: string): ConfitureError =>
    new ConfitureError("plan_invalid", `${file} ${why}`, {
      location: { file },
      hint: "Nothing was done. Plan again: confiture migrate plan --out FILE",
    });
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refuse("is not JSON: it was cut short or edited");
  }
  if (!isRecord(read) || read["format"] !== "confiture-plan") {
    throw refuse("is not what `confiture migrate plan --out` writes");
  }
  if (read["version"] !== 1) throw refuse("was written by a newer version of Confiture");
  const { environment, database, applied, migrations, named, digest } = read;
  const isWhole =
    (environment === null || typeof environment === "string") &&
    isDatabase(database) &&
    isMarkedList(applied) &&
    isMarkedList(migrations) &&
    migrations.every(isToRun) &&
    isNamedList(named);
  if (!isWhole) throw refuse("lacks a part of a plan");
  const plan = { format: "confiture-plan", version: 1, environment, database, applied, migrations, named } as const;
  if (digestOf(plan) !== digest) throw refuse("was edited: its digest does not fit what is in it");
  return { ...plan, digest };
}

/**
 * Requires that exactly what was planned is about to be run, on a database that stands as it did then.
 * @throws ConfitureError `plan_outdated` with everything that has changed since
 */
export function requireApproved(
  plan: ApprovedPlan,
  history: readonly HistoryEntry[],
  migrations: readonly LoadedMigration[],
): void {
  const now = planToApprove(plan, history, migrations.map(plannedOf));
  if (now.digest === plan.digest) return;
  const left = plan.migrations.filter(({ version }) => !now.applied.some((row) => row.version === version));
  // Newer ones stay pending.
  const next = now.migrations.filter(({ version }) => left.some((one) => compareVersions(version, one.version) <= 0));
  const changes = [
    ...differences(plan.applied, now.applied, {
      added: "was applied since",
      gone: "is not applied any more",
      changed: "is applied with another text",
    }),
    ...differences<ToRun>(left, next, {
      added: "is pending as well",
      gone: "is not pending any more",
      changed: "was edited",
      otherwise: runsOtherwise,
    }),
  ];
  throw new ConfitureError(
    "plan_outdated",
    `What would run now is not what was planned: ${changes.length === 0 ? "the order is another" : changes.join("; ")}`,
    { hint: "Nothing was done. Plan again: confiture migrate plan --out FILE", data: { changes } },
  );
}

/** How what has the same text runs in another way, if it does. */
function runsOtherwise(then: ToRun, now: ToRun): string | undefined {
  if (then.layout !== now.layout) return `is read as a file of ${now.layout}, and was of ${then.layout}`;
  if (then.transactional === now.transactional) return undefined;
  const how = ({ transactional }: ToRun): string => (transactional ? "in one transaction" : "statement by statement");
  return `runs ${how(now)}, and was planned to run ${how(then)}`;
}

function differences<One extends Marked>(
  then: readonly One[],
  now: readonly One[],
  words: {
    readonly added: string;
    readonly gone: string;
    readonly changed: string;
    readonly otherwise?: (then: One, now: One) => string | undefined;
  },
): string[] {
  const before = new Map(then.map((one) => [one.version, one]));
  const after = new Map(now.map((one) => [one.version, one]));
  return [
    ...now.flatMap((one) => {
      const old = before.get(one.version);
      if (old === undefined) return [`${migrationId(one)} ${words.added}`];
      const isSame = old.checksum === one.checksum && old.name === one.name;
      const what = isSame ? words.otherwise?.(old, one) : words.changed;
      return what === undefined ? [] : [`${migrationId(one)} ${what}`];
    }),
    ...then.flatMap((one) => (after.has(one.version) ? [] : [`${migrationId(one)} ${words.gone}`])),
  ];
}

function appliedOf(history: readonly HistoryEntry[]): Marked[] {
  return history.flatMap(({ row }) =>
    row === undefined ? [] : [{ version: row.version, name: row.name, checksum: row.checksum }],
  );
}

function toRun({ file, checksum, transactional }: Planned): ToRun {
  return { version: file.version, name: file.name, checksum, layout: file.layout, transactional };
}

function digestOf({ environment, database, applied, migrations, named }: Omit<ApprovedPlan, "digest">): string {
  const lines = (list: readonly Marked[]): unknown[] =>
    list.map(({ version, name, checksum }) => [version, name, checksum]);
  const { name, place, system, oid, searchPath } = database;
  const path = searchPath === null ? null : [searchPath.setting, searchPath.schemas];
  const ways = migrations.map(({ layout, transactional }) => [layout, transactional]);
  const objects = named.map(({ what, code }) => [what, code]);
  const all = [environment, [name, place, system, oid, path], lines(applied), lines(migrations), ways, objects];
  return Bun.SHA256.hash(JSON.stringify(all), "hex");
}

function isDatabase(value: unknown): value is PlannedDatabase {
  return (
    isRecord(value) &&
    typeof value["name"] === "string" &&
    typeof value["place"] === "string" &&
    (value["system"] === null || typeof value["system"] === "string") &&
    (value["oid"] === null || typeof value["oid"] === "number") &&
    (value["searchPath"] === null || isSearchPath(value["searchPath"]))
  );
}

function isSearchPath(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value["setting"] === "string" &&
    Array.isArray(value["schemas"]) &&
    value["schemas"].every((schema) => typeof schema === "string")
  );
}

function isToRun(value: Marked): value is ToRun {
  const { layout, transactional }: Partial<ToRun> = value;
  return typeof layout === "string" && typeof transactional === "boolean";
}

function isMarkedList(value: unknown): value is Marked[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        isRecord(one) &&
        typeof one["version"] === "string" &&
        typeof one["name"] === "string" &&
        (one["checksum"] === null || typeof one["checksum"] === "string"),
    )
  );
}

function isNamedList(value: unknown): value is NamedObject[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        isRecord(one) && typeof one["what"] === "string" && (one["code"] === null || typeof one["code"] === "string"),
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
