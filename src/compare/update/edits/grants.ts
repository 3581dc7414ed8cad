import type { GrantStmt, RoleSpec } from "libpg-query";
import type { Span } from "#sql/statement.ts";
import { inside, offsetOfByte } from "#sql/parser.ts";
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
  const there = (): Sentence | undefined => grantsOf(tree, subject, keyOf(grant))[0];
  const first = there();
  if (first !== undefined) {
    for (let own: Sentence | undefined = first; own !== undefined; own = there()) {
      if (!removeMention(tree, own, [subject])) return undefined;
    }
    return first.reading!.about.length > 1 ? edited(first.file) : { how: "removed", file: first.file };
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
  });
  return { how: "added", file };
}

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
