import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { inside, type Node, type Parser, strings } from "#sql/parser.ts";
import { isSame, type Subject } from "../sources/subjects.ts";

/** A rename as a migration says it. */
export interface Renaming {
  /** What had the old name at that time. */
  readonly subject: Subject;
  readonly to: string;
  /** The statement. */
  readonly sql: string;
}

/** Renames in the ways up of migrations that are SQL, in order. */
export function renamingsOf(parser: Parser, migrations: readonly LoadedMigration[]): readonly Renaming[] {
  return migrations.flatMap(({ up }) => {
    if (up.kind !== "sql") return [];
    return up.script.statements.flatMap(({ text, firstWord }) => {
      const node = firstWord === "ALTER" ? parser.parse(text) : undefined;
      return renamingIn(node, text) ?? [];
    });
  });
}

/** What a statement gives another name; undefined for one that does not. */
export function renamingIn(node: Node | undefined, sql: string): Renaming | undefined {
  const rename = inside(node, "RenameStmt");
  const subject = rename === undefined ? undefined : subjectOf(rename);
  return subject === undefined || rename?.newname === undefined ? undefined : { subject, to: rename.newname, sql };
}

function subjectOf(rename: NonNullable<ReturnType<typeof inside<"RenameStmt">>>): Subject | undefined {
  const { relation, renameType, subname = "", object } = rename;
  const schema = relation?.schemaname ?? "public";
  const part = (kind: Subject["kind"]): Subject => ({ kind, schema, of: relation?.relname ?? "", name: subname });
  switch (renameType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
    case "OBJECT_FOREIGN_TABLE":
    case "OBJECT_SEQUENCE":
    case "OBJECT_INDEX":
      return { kind: "relation", schema, name: relation?.relname ?? "" };
    case "OBJECT_COLUMN":
      return part("column");
    case "OBJECT_TABCONSTRAINT":
      return part("constraint");
    case "OBJECT_TRIGGER":
      return part("trigger");
    case "OBJECT_POLICY":
      return part("policy");
    case "OBJECT_RULE":
      return part("rule");
    case "OBJECT_ATTRIBUTE":
      return part("attribute");
    case "OBJECT_SCHEMA":
      return { kind: "schema", schema: "", name: subname };
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN":
      return named("type", object);
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE":
      return named("routine", inside(object, "ObjectWithArgs")?.objname);
    default:
      return undefined;
  }
}

function named(kind: Subject["kind"], object: Node | readonly Node[] | undefined): Subject | undefined {
  const names = strings(isList(object) ? object : inside(object, "List")?.items);
  const name = names.at(-1);
  return name === undefined ? undefined : { kind, schema: names.at(-2) ?? "public", name };
}

function isList(object: Node | readonly Node[] | undefined): object is readonly Node[] {
  return Array.isArray(object);
}

interface Ends {
  readonly end: Facts;
  /** What the files build before they are edited. */
  readonly built: Facts;
}

/**
 * Whether a rename still shows at the end: what it named is there under its name of then, as later renames left it, and
 * nothing has the old name, or a later rename has given it to something else. Undefined for columns that have changed places and are
 * the same but for their names: what speaks of them tells whether the files have it already. Pure.
 */
export function isLasting(renamings: readonly Renaming[], index: number, ends: Ends): boolean | undefined {
  const { subject, to } = renamings[index]!;
  const later = renamings.slice(index + 1);
  if (!has(ends.end, later.reduce(follow, { ...subject, name: to }))) return false;
  return !has(ends.end, later.reduce(followWhole, subject)) || isTakenByRename(renamings, index, ends);
}

/** Whether a later rename gives the old name of a column to another one, and the files have neither of the two renames yet. */
function isTakenByRename(renamings: readonly Renaming[], index: number, { end, built }: Ends): boolean | undefined {
  const { subject } = renamings[index]!;
  if (subject.kind !== "column") return false;
  const old = renamings.slice(index + 1).reduce(followWhole, subject);
  const at = renamings.findLastIndex((each, place) => {
    const given = renamings.slice(place + 1).reduce(followWhole, { ...each.subject, name: each.to });
    return place > index && isSame(given, old);
  });
  const taking = renamings[at];
  if (taking === undefined) return false;
  const first = renamings.slice(0, at).reduceRight(unfollow, taking.subject);
  if (!has(built, first)) return false;
  if (!has(end, renamings.slice(at + 1).reduce(followWhole, { ...taking.subject, name: first.name }))) return true;
  // Those that have changed places: the files have it yet to come where they differ.
  const [before, after] = [renamings.slice(0, index).reduceRight(unfollow, subject), old].map(
    ({ schema, of = "", name }): ObjectId => ({ kind: "column", schema, table: of, name }),
  );
  if (!built.has(before!)) return false;
  return built.hashOf(before!) === end.hashOf(after!) ? undefined : true;
}

/** What had a name before a rename, the name of its table included. */
function unfollow(subject: Subject, { subject: before, to }: Renaming): Subject {
  if (isSame({ ...before, name: to }, subject)) return before;
  const isWhole = before.kind === "relation" && before.schema === subject.schema && subject.of === to;
  return isWhole ? { ...subject, of: before.name } : subject;
}

/** An object's name after a rename of it, or of the table that it is a part of. */
function follow(subject: Subject, renaming: Renaming): Subject {
  const { subject: before, to } = renaming;
  const isIt = before.kind === subject.kind && before.schema === subject.schema && before.of === subject.of;
  return isIt && before.name === subject.name ? { ...subject, name: to } : followWhole(subject, renaming);
}

/** The same after a rename of its table, type or schema. */
function followWhole(subject: Subject, { subject: before, to }: Renaming): Subject {
  if (before.kind === "schema") return subject.schema === before.name ? { ...subject, schema: to } : subject;
  const whole = subject.kind === "attribute" ? "type" : "relation";
  const isWhole = before.kind === whole && before.schema === subject.schema && before.name === subject.of;
  return isWhole ? { ...subject, of: to } : subject;
}

const RELATIONS = ["table", "view", "materializedView", "foreignTable", "sequence", "index"] as const;

function has(facts: Facts, { kind, schema, of = "", name }: Subject): boolean {
  switch (kind) {
    case "relation":
      return RELATIONS.some((each) => facts.has({ kind: each, schema, name } satisfies ObjectId));
    case "type":
      return facts.has({ kind: "type", schema, name }) || facts.has({ kind: "domain", schema, name });
    case "routine":
      return facts.facts().some(({ id }) => ROUTINES.has(id.kind) && "name" in id && id.name === name);
    case "column":
    case "constraint":
    case "trigger":
    case "policy":
    case "rule":
      return facts.has({ kind, schema, table: of, name });
    case "attribute":
      return facts.has({ kind: "typeAttribute", schema, type: of, name });
    case "schema":
      return facts.has({ kind: "schema", name });
    default:
      return false;
  }
}

const ROUTINES: ReadonlySet<string> = new Set(["function", "procedure", "aggregate"]);
