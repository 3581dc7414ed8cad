import type { GrantStmt, RoleSpec } from "libpg-query";
import type { Span } from "#sql/statement.ts";
import { inside, type Node, offsetOfByte, strings } from "#sql/parser.ts";
import { grantedPrivileges, removeGrantedColumn } from "../commands.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { SchemaTree, Sentence } from "../schema-tree.ts";
import { isSame, type Subject } from "../../sources/subjects.ts";
import { removeMention } from "./drops.ts";
import { isUnchanged } from "./lookups.ts";
import { type Done, edited, type EditKind, NOTHING, type Planned, type Work } from "./edit.ts";

/** What roles may do with objects. */
export const grants: EditKind = {
  edit(planned, work) {
    const grant = inside(planned.node, "GrantStmt");
    const subject = planned.reading?.about[0];
    if (grant === undefined || subject === undefined || planned.reading!.about.length > 1) return undefined;
    if (isUnchanged(planned, work)) return NOTHING;
    const key = keyOf(grant);
    const isOfSame = (other: Planned): boolean => {
      const stmt = inside(other.node, "GrantStmt");
      const about = other.reading?.about[0];
      return stmt !== undefined && about !== undefined && isSame(about, subject) && keyOf(stmt) === key;
    };
    const all = work.plan.filter(isOfSame);
    if (grant.is_grant !== true && all.some((other) => inside(other.node, "GrantStmt")?.is_grant === true))
      return NOTHING;
    const there = grantsOf(work.tree, subject, key).filter(({ reading }) => reading!.about.length === 1);
    return grant.is_grant === true ? give(planned, work, subject, there, all) : take(planned, work, subject, grant);
  },
};

function give(
  planned: Planned,
  { tree, style, place }: Work,
  subject: Subject,
  there: readonly Sentence[],
  all: readonly Planned[],
): Done | undefined {
  const grantsPlanned = all.filter(({ node }) => inside(node, "GrantStmt")?.is_grant === true);
  const [only] = there;
  const sql = style.part(planned.sql);
  if (only !== undefined && there.length === 1 && grantsPlanned.length === 1) {
    tree.splice(only.file, only.start, only.end, sql);
    return { how: "replaced", file: only.file };
  }
  const isSaid = there.some(({ statement }) => statement.text === sql);
  if (isSaid) return NOTHING;
  const file = place({ sql, kind: "grant", makes: undefined, on: subject, needs: planned.needs });
  return { how: "added", file };
}

function take(
  planned: Planned,
  { tree, style, from, place }: Work,
  subject: Subject,
  grant: GrantStmt,
): Done | undefined {
  const ofColumn = takeColumn(tree, subject, grant);
  if (ofColumn !== undefined) return ofColumn;
  const own = grantsOf(tree, subject, keyOf(grant)).filter(({ node }) => sharesPrivileges(node, grant));
  const [first] = own;
  if (first !== undefined) {
    // From the last one on: those before it stay where they are.
    for (const each of own.toReversed()) if (!takeFrom(tree, each, grant, subject)) return undefined;
    const isGone = own.every(({ node, reading }) => takesAll(node, grant) && reading!.about.length === 1);
    return isGone ? { how: "removed", file: first.file } : edited(first.file);
  }
  const shared = tree.about(subject).find(({ node, reading }) => {
    const other = inside(node, "GrantStmt");
    return (
      other?.is_grant === true && reading!.about.length === 1 && other.grantees!.length > 1 && roleIn(other, grant) >= 0
    );
  });
  const other = inside(shared?.node, "GrantStmt");
  if (shared !== undefined && other !== undefined && columnsOf(other) === columnsOf(grant)) {
    const span = granteeSpan(shared, other, roleIn(other, grant));
    if (span === undefined) return undefined;
    tree.splice(shared.file, shared.start + span.start, shared.start + span.end, "");
    return edited(shared.file);
  }
  const [id] = planned.removes;
  if (id !== undefined && from.has(id)) return undefined;
  const file = place({
    sql: style.part(planned.sql),
    kind: "grant",
    makes: undefined,
    on: subject,
    needs: planned.needs,
    after: tree.sentences.filter((sentence) => givesAgain(sentence, subject, grant)),
  });
  return { how: "added", file };
}

/** All that is taken from a role on one column goes from the lists that it is in; undefined where it is in none that is of that role alone. */
function takeColumn(tree: SchemaTree, subject: Subject, revoke: GrantStmt): Done | undefined {
  const [only, ...more] = revoke.privileges ?? [];
  const { priv_name: name, cols = [] } = inside(only, "AccessPriv") ?? {};
  const [column] = strings(cols);
  if (column === undefined || cols.length > 1 || name !== undefined || more.length > 0) return undefined;
  const given = (): Sentence[] =>
    tree.about(subject).filter(({ node }) => {
      const grant = inside(node, "GrantStmt");
      const isOfRole = grant?.is_grant === true && grant.grantees?.length === 1 && roleIn(grant, revoke) === 0;
      return isOfRole && grant.privileges?.some((each) => strings(inside(each, "AccessPriv")?.cols).includes(column));
    });
  const isWhole = ({ node, reading }: Sentence): boolean =>
    columnsOf(inside(node, "GrantStmt") ?? {}) === columnsOf(revoke) && reading!.about.length === 1;
  const isGone = given().every(isWhole);
  let done: Done | undefined;
  for (;;) {
    const sentence = given().at(-1);
    if (sentence === undefined) return done;
    if (!removeGrantedColumn(tree, sentence, subject, column)) return undefined;
    done = isGone ? { how: "removed", file: sentence.file } : edited(sentence.file);
  }
}

/** Takes privileges out of a GRANT of one role, or the object where all of them go. */
function takeFrom(tree: SchemaTree, sentence: Sentence, grant: GrantStmt, subject: Subject): boolean {
  const list = takesAll(sentence.node, grant) ? undefined : grantedPrivileges(tree, sentence);
  if (list === undefined || sentence.reading!.about.length > 1) return removeMention(tree, sentence, [subject]);
  const taken = new Set(privilegesOf(grant));
  const names = privilegesOf(inside(sentence.node, "GrantStmt"))!;
  const kept = list.items.filter((_, index) => !taken.has(names[index]!));
  const text = tree.text(sentence.file);
  const by = kept.map(({ start, end }) => text.slice(start, end)).join(", ");
  tree.splice(sentence.file, list.items[0]!.start, list.items.at(-1)!.end, by);
  return true;
}

/** Whether a REVOKE leaves nothing of a GRANT, or nothing that can be told apart. */
function takesAll(node: Node | undefined, revoke: GrantStmt): boolean {
  const taken = privilegesOf(revoke);
  const given = privilegesOf(inside(node, "GrantStmt"));
  return taken === undefined || given === undefined || given.every((name) => taken.includes(name));
}

function sharesPrivileges(node: Node | undefined, revoke: GrantStmt): boolean {
  const taken = privilegesOf(revoke);
  const given = privilegesOf(inside(node, "GrantStmt"));
  return taken === undefined || given === undefined || given.some((name) => taken.includes(name));
}

/** Their names; undefined for all of them. */
function privilegesOf(grant: GrantStmt | undefined): readonly string[] | undefined {
  const { privileges = [] } = grant ?? {};
  return privileges.length === 0 ? undefined : privileges.map((each) => inside(each, "AccessPriv")?.priv_name ?? "");
}

/** Whether a statement grants something to the role of a REVOKE that would be without effect before it. */
function givesAgain({ node, reading }: Sentence, subject: Subject, revoke: GrantStmt): boolean {
  const grant = inside(node, "GrantStmt");
  if (grant?.is_grant !== true || roleIn(grant, revoke) < 0) return false;
  if (grant.targtype !== "ACL_TARGET_ALL_IN_SCHEMA") return reading!.about.some((each) => isSame(each, subject));
  return strings(grant.objects).includes(subject.schema);
}

/** GRANT ... ON ALL ... IN SCHEMA, which would take in an object that is not to have those rights. */
export function grantsOfAll(tree: SchemaTree, { makes, reading }: Planned, to: Work["to"]): Sentence[] {
  const own = OF_ALL[reading?.kind ?? ""];
  const schema = reading?.makes?.schema ?? "";
  return tree.sentences.filter(({ node }) => {
    const grant = inside(node, "GrantStmt");
    if (grant?.is_grant !== true || grant.targtype !== "ACL_TARGET_ALL_IN_SCHEMA" || grant.objtype !== own)
      return false;
    if (!strings(grant.objects).includes(schema)) return false;
    const roles = (grant.grantees ?? []).flatMap((each) => inside(each, "RoleSpec") ?? []);
    return roles.some(({ roletype, rolename }) => {
      const grantee = roletype === "ROLESPEC_PUBLIC" ? "PUBLIC" : rolename;
      const isOf = ({ kind }: Planned["makes"][number]): boolean => kind !== "column" && kind !== "acl";
      return grantee !== undefined && !makes.filter(isOf).some((target) => to.has({ kind: "acl", target, grantee }));
    });
  });
}

const OF_ALL: Readonly<Record<string, GrantStmt["objtype"]>> = {
  table: "OBJECT_TABLE",
  view: "OBJECT_TABLE",
  "materialized view": "OBJECT_TABLE",
  "foreign table": "OBJECT_TABLE",
  sequence: "OBJECT_SEQUENCE",
  function: "OBJECT_FUNCTION",
};

/** Statements that grant something on this object, and maybe others, to this role alone. */
function grantsOf(tree: SchemaTree, subject: Subject, key: string): Sentence[] {
  return tree.about(subject).filter(({ node }) => {
    const grant = inside(node, "GrantStmt");
    return grant?.is_grant === true && grant.grantees?.length === 1 && keyOf(grant) === key;
  });
}

/** The role that a statement is about, and whether it is about columns. */
function keyOf(grant: GrantStmt): string {
  return JSON.stringify([roleOf(inside(grant.grantees?.[0], "RoleSpec")), columnsOf(grant)]);
}

function columnsOf({ privileges }: GrantStmt): string {
  const columns = (privileges ?? []).flatMap((each) => inside(each, "AccessPriv")?.cols ?? []);
  return JSON.stringify(columns.map((each) => inside(each, "String")?.sval));
}

function roleOf(role: RoleSpec | undefined): string {
  return `${role?.roletype} ${role?.rolename ?? ""}`;
}

function roleIn({ grantees }: GrantStmt, { grantees: [wanted] = [] }: GrantStmt): number {
  return (grantees ?? []).findIndex((each) => roleOf(inside(each, "RoleSpec")) === roleOf(inside(wanted, "RoleSpec")));
}

/** A role in a list of them, with the comma that belongs to it; offsets are of the statement. */
function granteeSpan({ statement }: Sentence, { grantees }: GrantStmt, index: number): Span | undefined {
  const location = inside(grantees?.[index], "RoleSpec")?.location;
  if (location === undefined) return undefined;
  const start = offsetOfByte(statement.text, location);
  const tokens = tokensOf(statement.text);
  const at = tokens.findIndex((token) => token.start === start);
  const token = tokens[at];
  if (token === undefined) return undefined;
  if (tokens[at - 1]?.text === ",") return { start: tokens[at - 1]!.start, end: token.end };
  const next = tokens[at + 2];
  return tokens[at + 1]?.text === "," && next !== undefined ? { start, end: next.start } : undefined;
}
