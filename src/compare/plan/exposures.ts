import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { openedBy } from "#sql/effects/opened.ts";
import { Statement } from "#sql/statement.ts";
import { codeHazards, runsAsOwner } from "./owners-code.ts";
import type { PlannedStatement } from "./statement.ts";
import { policyHazards } from "./wider-policy.ts";
import { GENERATED, generatedColumnsHazards, publicationHazards } from "./wider-publication.ts";
import { isInvoker, viewHazards } from "./wider-view.ts";

/**
 * Who may see or do more by a statement than before, as far as its words alone do not tell: by policies, publications, views, code
 * that runs with the rights of its owner, owners, and parents of tables. Pure.
 */
export function exposuresOf(statement: PlannedStatement, { from, to, anew }: Change): SecurityHazard[] {
  const { planned = statement.sql, makes, removes, needs } = statement;
  if (PART.test(planned)) return partHazards(planned, from, to);
  if (GENERATED.test(planned)) return generatedColumnsHazards(planned, from, to);
  const altered = makes.length === 0 && removes.length === 0 ? needs[0] : undefined;
  if (altered !== undefined && planned.includes(" OWNER TO ")) return ownerHazards(altered, planned, from, to);
  const gone = removes.filter((id) => !to.has(id));
  const there = [...makes, ...(altered === undefined ? [] : [altered])].filter((id) => to.has(id));
  return [
    ...gone.flatMap((id) => policyHazards(id, from, to)),
    ...there.flatMap((id) => hazardsOf(id, planned, from, to)),
    ...makes.flatMap((id) => withoutRowSecurity(id, from, to)),
    ...anew.flatMap((id) => givenToEverybody(id, from, to)),
  ];
}

/** What a plan leads from and to. */
interface Change {
  readonly from: Facts;
  readonly to: Facts;
  /** What the statement makes anew. */
  readonly anew: readonly ObjectId[];
}

/** What everybody may use when it is made, and could not before it was dropped (manual, Privileges): no statement says so. */
function givenToEverybody(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  if (!["function", "procedure", "aggregate", "type", "domain"].includes(id.kind)) return [];
  const [before, after] = [from, to].map((facts) => {
    const rights = facts.get({ kind: "acl", target: id, grantee: "PUBLIC" })?.payload["privileges"];
    return Array.isArray(rights) && rights.length > 0;
  });
  return after === true && before === false ? [{ code: "SECURITY", reason: "public-by-default" }] : [];
}

function hazardsOf(id: ObjectId, sql: string, from: Facts, to: Facts): SecurityHazard[] {
  switch (id.kind) {
    case "policy":
      return policyHazards(id, from, to);
    case "publication":
    case "publicationRel":
    case "publicationSchema":
      return publicationHazards(id, sql, from, to);
    case "view":
    case "materializedView":
      return viewHazards(id, from, to);
    case "function":
    case "procedure":
      return codeHazards(id, from, to);
    default:
      return [];
  }
}

/** Of a table that is made anew: nothing is switched off. */
function withoutRowSecurity(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  if (id.kind !== "table") return [];
  const [before, after] = [from, to].map((facts) => facts.get(id)?.payload["rowSecurity"]);
  return before === true && after === false ? [{ code: "SECURITY", reason: "row-security-off" }] : [];
}

function ownerHazards(id: ObjectId, sql: string, from: Facts, to: Facts): SecurityHazard[] {
  // What is new is nobody else's yet.
  if (!from.has(id)) return [];
  const role = to.outgoingEdges(id).find(({ kind }) => kind === "owner")?.to;
  // Whoever runs it has the rights of its owner already.
  const isRunner = sql.endsWith(" OWNER TO CURRENT_USER");
  const owner = isRunner || role?.kind !== "role" ? "whoever runs this" : role.name;
  const isCode = id.kind === "function" || id.kind === "procedure";
  if ((id.kind === "view" && !isInvoker(id, to)) || (isCode && runsAsOwner(textOf(to, id, "def"))))
    return [{ code: "SECURITY", reason: "owner-rights", owner }];
  if (isRunner) return [];
  const { rowSecurity, forceRowSecurity } = to.get(id)?.payload ?? {};
  const isPast = rowSecurity === true && forceRowSecurity !== true;
  return [{ code: "SECURITY", reason: isPast ? "owner-past-policies" : "owner", owner }];
}

const PART = /^ALTER TABLE .* (?:INHERIT|ATTACH PARTITION) /s;

/** A table with row security that comes to be read through another, where its policies do not hold. */
function partHazards(sql: string, from: Facts, to: Facts): SecurityHazard[] {
  const hasRowSecurity = (written: string): boolean =>
    to
      .facts()
      .some(({ id, payload }) => id.kind === "table" && payload["rowSecurity"] === true && isCalled(id, written));
  return openedBy(Statement.of(sql)).flatMap(({ exposure }): SecurityHazard[] => {
    if (exposure.kind !== "part") return [];
    const { table, through } = exposure;
    const isThere = from.facts().some(({ id }) => id.kind === "table" && isCalled(id, table));
    if (!isThere || !hasRowSecurity(table) || hasRowSecurity(through)) return [];
    const [relation, reader] = [table, through].map(withoutQuotes);
    return [{ code: "SECURITY", reason: "part", relation: relation!, through: reader! }];
  });
}

function isCalled({ schema, name }: { readonly schema: string; readonly name: string }, written: string): boolean {
  return withoutQuotes(`${schema}.${name}`) === withoutQuotes(written);
}

function withoutQuotes(name: string): string {
  return name.replaceAll('"', "");
}
