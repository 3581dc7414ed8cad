import type { Action } from "../engine/actions.ts";
import { alteration } from "./alteration.ts";
import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { allRights, NO_RIGHTS, type Rights, rightsStatements } from "./rights-statements.ts";

type Grant = Extract<ObjectId, { kind: "acl" }>;
type Default = Extract<ObjectId, { kind: "defaultPrivilege" }>;

/**
 * The statements of a plan, with those about rights in place of the planner's, which take all of a role's rights and give those
 * that it shall have. What a role comes to have or loses follows from what it has: by default to what is new, and what goes over
 * to it with the ownership. Pure.
 * @param builders roles whose default privileges are those of whoever runs the plan
 */
export function withRights(
  actions: readonly Action[],
  from: Catalogue,
  to: Catalogue,
  builders: readonly (string | undefined)[] = [to.builder],
): Action[] {
  const created = new Set(
    actions.flatMap(({ verb, produces }) => (verb === "create" ? produces.filter(isObject).map(encodeId) : [])),
  );
  const places = new Map<string, { readonly id: Grant | Default; readonly at: number }>();
  const rest = actions.map((action, index) => {
    const ids = rightsIn(action);
    for (const id of ids) places.set(encodeId(id), { id, at: index });
    return ids.length === 0 ? action : undefined;
  });
  const groups = [...places.values()].map(({ id, at }) => ({
    at: id.kind === "acl" ? Math.max(at, takenOverAt(actions, id.target)) : at,
    // Whoever loses the rights to a table loses those to its columns (manual, REVOKE).
    isLast: id.kind === "acl" && id.column !== undefined && to.facts.has(id),
    actions: statementsFor(id, { created, builders }, from, to).map((sql) => asAction(sql, id, to.facts)),
  }));
  return [
    ...rest.flatMap((action, index) => [
      ...(action === undefined ? [] : [action]),
      ...groups.flatMap(({ at, isLast, actions: own }) => (at === index && !isLast ? own : [])),
    ]),
    ...groups.flatMap(({ isLast, actions: own }) => (isLast ? own : [])),
  ];
}

function isObject({ kind }: ObjectId): boolean {
  return kind !== "acl" && kind !== "defaultPrivilege" && kind !== "comment";
}

/** The rights that an action is about, if it is about nothing else. */
function rightsIn({ produces, consumes, destroys }: Action): (Grant | Default)[] {
  if ([...produces, ...destroys].some(isObject)) return [];
  return [...produces, ...destroys, ...consumes].flatMap((id) =>
    id.kind === "acl" || id.kind === "defaultPrivilege" ? [id] : [],
  );
}

/** Where an object comes to be another's, if it does. */
function takenOverAt(actions: readonly Action[], target: ObjectId): number {
  const key = encodeId(target);
  return actions.findLastIndex(
    ({ sql, produces, consumes }) =>
      sql.includes(" OWNER TO ") && [...produces, ...consumes].some((id) => encodeId(id) === key),
  );
}

function statementsFor(
  id: Grant | Default,
  { created, builders }: { created: ReadonlySet<string>; builders: readonly (string | undefined)[] },
  from: Catalogue,
  to: Catalogue,
): string[] {
  if (id.kind === "defaultPrivilege") return defaultStatements(id, from.facts, to, builders);
  // What is dropped takes the rights to it along.
  if (!to.facts.has(id.target)) return [];
  const isNew = created.has(encodeId(id.target));
  const held = isNew ? heldFromTheBeginning(id, from.facts, to) : heldBefore(id, from.facts, to.facts);
  const wanted = rightsOf(to.facts, id) ?? asInstalled(from.facts, id) ?? NO_RIGHTS;
  const all = allRights(objtypeOf(id.target), to.major);
  return rightsStatements({
    on: targetSql(id.target),
    column: id.column,
    grantee: granteeSql(id.grantee, to),
    held,
    wanted,
    all,
  });
}

function rightsOf(facts: Facts, id: Grant | Default): Rights | undefined {
  const payload = facts.get(id)?.payload;
  if (payload === undefined) return undefined;
  return { privileges: strings(payload["privileges"]), grantable: strings(payload["grantable"]) };
}

/** Of what belongs to an extension: what it comes with. */
function asInstalled(facts: Facts, id: Grant): Rights | undefined {
  const installed = facts.get(id)?.payload["_initPrivs"] as Partial<Rights> | null | undefined;
  if (installed === undefined || installed === null) return undefined;
  return { privileges: strings(installed.privileges), grantable: strings(installed.grantable) };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String).toSorted() : [];
}

/** What an owner has goes over to the next one with the object. */
function heldBefore(id: Grant, from: Facts, to: Facts): Rights {
  const own = rightsOf(from, id) ?? asInstalled(to, id) ?? NO_RIGHTS;
  const [before, after] = [ownerOf(id.target, from), ownerOf(id.target, to)];
  if (before === undefined || after === undefined || before === after || id.column !== undefined) return own;
  if (id.grantee === before) return NO_RIGHTS;
  if (id.grantee !== after) return own;
  const taken = rightsOf(from, { ...id, grantee: before }) ?? NO_RIGHTS;
  return {
    privileges: [...new Set([...own.privileges, ...taken.privileges])].toSorted(),
    grantable: [...new Set([...own.grantable, ...taken.grantable])].toSorted(),
  };
}

/** Undefined where default privileges of whoever runs the migration may give something else. */
function heldFromTheBeginning(id: Grant, from: Facts, to: Catalogue): Rights | undefined {
  if (id.column !== undefined) return NO_RIGHTS;
  const [objtype, owner] = [objtypeOf(id.target), ownerOf(id.target, to.facts)];
  const given = [from, to.facts].flatMap((facts) =>
    facts.facts().flatMap(({ id: other }) => {
      if (other.kind !== "defaultPrivilege" || other.objtype !== objtype || other.grantee !== id.grantee) return [];
      const isHere = other.schema === null || ("schema" in id.target && other.schema === id.target.schema);
      const isOurs = to.builder === undefined || other.role === to.builder || other.role === owner;
      return isHere && isOurs ? [rightsOf(facts, other) ?? NO_RIGHTS] : [];
    }),
  );
  const wanted = rightsOf(to.facts, id) ?? NO_RIGHTS;
  const isMore = ({ privileges, grantable }: Rights): boolean =>
    grantable.length > 0 || privileges.some((right) => !wanted.privileges.includes(right));
  const isUsual = id.grantee !== "PUBLIC" && id.grantee !== owner && !given.some(isMore);
  if (given.length > 0) return isUsual ? NO_RIGHTS : undefined;
  if (id.grantee === "PUBLIC") return { privileges: BUILT_IN.get(objtype) ?? [], grantable: [] };
  const all = to.facts.get(id)?.payload["_ownerDefault"];
  return id.grantee === owner ? { privileges: strings(all ?? allRights(objtype, to.major)), grantable: [] } : NO_RIGHTS;
}

/** What everybody has to what is new. */
const BUILT_IN: ReadonlyMap<string, readonly string[]> = new Map([
  ["f", ["EXECUTE"]],
  ["T", ["USAGE"]],
]);

/** Without an entry, a role has all rights to what it makes, and everybody what is built in. */
function defaultStatements(
  id: Default,
  from: Facts,
  to: Catalogue,
  builders: readonly (string | undefined)[],
): string[] {
  const all = allRights(id.objtype, to.major);
  const isOwn = id.schema === null && id.grantee === id.role;
  const builtIn = isOwn ? all : id.schema === null && id.grantee === "PUBLIC" ? (BUILT_IN.get(id.objtype) ?? []) : [];
  const usual: Rights = { privileges: builtIn, grantable: [] };
  const [held, wanted] = [rightsOf(from, id) ?? usual, rightsOf(to.facts, id) ?? usual];
  const role = builders.includes(id.role) ? "" : `FOR ROLE ${quoteIdentifier(id.role)} `;
  const schema = id.schema === null ? "" : `IN SCHEMA ${quoteIdentifier(id.schema)} `;
  const start = `ALTER DEFAULT PRIVILEGES ${role}${schema}`;
  return rightsStatements({
    start,
    on: OBJECTS[id.objtype] ?? "",
    grantee: granteeSql(id.grantee, to),
    held,
    wanted,
    all,
  });
}

const OBJECTS: Readonly<Record<string, string>> = {
  r: "TABLES",
  S: "SEQUENCES",
  f: "FUNCTIONS",
  T: "TYPES",
  n: "SCHEMAS",
  L: "LARGE OBJECTS",
};

/** A migration runs as another role than the one that built the files, which need not be there. */
function granteeSql(grantee: string, { builder }: Catalogue): string {
  if (grantee === "PUBLIC") return grantee;
  return grantee === builder ? "CURRENT_USER" : quoteIdentifier(grantee);
}

function objtypeOf({ kind }: ObjectId): string {
  return OBJTYPES[kind] ?? "";
}

const OBJTYPES: Readonly<Partial<Record<ObjectId["kind"], string>>> = {
  table: "r",
  view: "r",
  materializedView: "r",
  foreignTable: "r",
  sequence: "S",
  function: "f",
  procedure: "f",
  aggregate: "f",
  type: "T",
  domain: "T",
  schema: "n",
};

/** As GRANT takes it; aggregates are functions there. */
function targetSql(id: ObjectId): string {
  switch (id.kind) {
    case "function":
    case "procedure":
    case "aggregate":
      return `${id.kind === "procedure" ? "PROCEDURE" : "FUNCTION"} ${quoteQualified(id.schema, id.name)}(${id.args.join(", ")})`;
    case "sequence":
      return `SEQUENCE ${quoteQualified(id.schema, id.name)}`;
    case "type":
    case "domain":
      return `TYPE ${quoteQualified(id.schema, id.name)}`;
    case "schema":
      return `SCHEMA ${quoteIdentifier(id.name)}`;
    case "fdw":
      return `FOREIGN DATA WRAPPER ${quoteIdentifier(id.name)}`;
    case "server":
      return `FOREIGN SERVER ${quoteIdentifier(id.name)}`;
    default:
      if (!("schema" in id) || !("name" in id) || id.schema === null) throw new TypeError(`rights to a ${id.kind}`);
      return `TABLE ${quoteQualified(id.schema, id.name)}`;
  }
}

function ownerOf(id: ObjectId, facts: Facts): string | undefined {
  const owner = facts.has(id) ? facts.outgoingEdges(id).find(({ kind }) => kind === "owner")?.to : undefined;
  return owner?.kind === "role" ? owner.name : undefined;
}

function asAction(sql: string, id: Grant | Default, to: Facts): Action {
  return { ...alteration(sql), ...(to.has(id) ? { produces: [id] } : { destroys: [id] }) };
}
