import { type Fact, type Facts, factsOf } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Catalogue } from "./catalogue.ts";
import { grantsIn, withColumnGrants, withGrantsOf, withoutGrants } from "./extra-grants.ts";
import { sequenceRights, sharedSequenceRights } from "./sequence-rights.ts";
import { withoutSubscriptions } from "./subscriptions.ts";
import type { Extra } from "../kinds/kind.ts";

/** What counts in a comparison with a database in use, besides what only schema files and migrations make. */
export interface Terms {
  /** Owners, and what objects grant to their owners; "given": of what is not the builder's of a scratch database. */
  readonly owners: boolean | "given";
  /** Grants in the database in use to roles that the other side grants nothing to. */
  readonly grants: boolean;
  readonly extensionVersions: boolean;
}

/** Grants of which no file speaks, and owners. */
export interface OtherGrants {
  readonly facts: readonly Fact[];
  readonly extras: readonly Extra[];
  readonly owners: Owners;
}

/** Who owns an object of a database in use, by its id as text, but for what belongs to the role that has read it. */
export type Owners = ReadonlyMap<string, string>;

/** Two catalogues without what is not to be compared. */
export interface OnTerms {
  readonly from: Catalogue;
  readonly to: Catalogue;
  /** Roles whose grants were left out. */
  readonly leftOut: readonly string[];
  /** The grants and owners of each side that were left out, but for default privileges. */
  readonly grants: { readonly from: OtherGrants; readonly to: OtherGrants };
}

/**
 * Takes from both catalogues what `terms` leave out and what their PostgreSQL versions cannot share, so that what is
 * compared and planned afterwards is the rest. Subscriptions are compared between databases in use alone. Pure.
 */
export function onTerms(one: Catalogue, other: Catalogue, terms: Terms): OnTerms {
  const [from, to] = one.inUse && other.inUse ? [one, other] : [withoutSubscriptions(one), withoutSubscriptions(other)];
  const sides = [from, to].map((side) => withoutNoise(side, side === from ? to : from, terms)) as [Side, Side];
  return {
    from: sides[0].catalogue,
    // Default privileges belong to the role that makes objects, which is another one in a scratch database.
    to: terms.owners !== false ? sides[1].catalogue : renameOwner(sides[1].catalogue, mainOwner(to), mainOwner(from)),
    leftOut: [...new Set(sides.flatMap(({ leftOut }) => leftOut))].toSorted(),
    grants: { from: sides[0].grants, to: sides[1].grants },
  };
}

/**
 * A catalogue with grants on what both it and another have. What a plan makes anew has grants that do not count afterwards as well, if
 * both of its ends have them. Pure.
 */
export function withGrants(catalogue: Catalogue, other: Catalogue, grants: OtherGrants | undefined): Catalogue {
  if (grants === undefined) return catalogue;
  const { facts } = catalogue;
  const shared = grants.facts.filter(
    ({ id }) => !facts.has(id) && [facts, other.facts].every((side) => id.kind === "acl" && hasTarget(side, id)),
  );
  const known = new Set(shared.map(({ id }) => encodeId(id)));
  const ofSequences = sharedSequenceRights(catalogue, other, sequenceRights(grants.facts, grants.extras));
  const added = [...shared, ...ofSequences.facts.filter(({ id }) => !known.has(encodeId(id)))];
  return {
    ...catalogue,
    ...(added.length === 0 ? {} : { facts: factsOf(facts, [...facts.facts(), ...added]) }),
    extras: [...(withColumnGrants(catalogue, other, grants.extras) ?? catalogue.extras), ...ofSequences.extras],
  };
}

function hasTarget(facts: Facts, { target, column }: ObjectId & { readonly kind: "acl" }): boolean {
  if (!facts.has(target)) return false;
  if (column === undefined) return true;
  return facts.childrenOf(target).some(({ id }) => "name" in id && id.name === column);
}

interface Side {
  readonly catalogue: Catalogue;
  readonly leftOut: readonly string[];
  readonly grants: OtherGrants;
}

function withoutNoise(catalogue: Catalogue, other: Catalogue, terms: Terms): Side {
  const { facts } = catalogue;
  const known = grantees(other);
  const owner = mainOwner(catalogue);
  const leftOut = new Set<string>();
  const grants: Fact[] = [];
  const inExtras: Extra[] = [];
  const ledgerSchema = loneLedgerSchema(catalogue, other);
  const isLeftOut = (grantee: string): boolean => {
    if (terms.grants || !catalogue.inUse || known.has(grantee)) return false;
    leftOut.add(grantee);
    return true;
  };
  const countsOwner = (role: string | undefined): boolean =>
    terms.owners === "given" ? ![catalogue.builder, "pg_database_owner"].includes(role) : terms.owners;
  const kept = facts.facts().flatMap((fact) => {
    const { id } = fact;
    // Whoever owns it on the other side has its rights there without a grant.
    const isOwners =
      isGrantToOwner(facts, id, owner) || (id.kind === "acl" && isGrantToOwner(other.facts, id, undefined));
    if (isOwners && !countsOwner(granteeOf(id))) return [];
    if (ledgerSchema !== undefined && isSchema("target" in id ? id.target : id, ledgerSchema)) return [];
    // Those of a schema only add to others (manual, ALTER DEFAULT PRIVILEGES): who is not among them has lost nothing.
    if (id.kind === "defaultPrivilege" && id.schema !== null && isEmpty(fact.payload["privileges"])) return [];
    const grantee = granteeOf(id);
    if (grantee !== undefined && !isOwners && isLeftOut(grantee)) {
      if (id.kind === "acl") grants.push({ ...fact, payload: levelPrivileges(catalogue, other, id, fact.payload) });
      return [];
    }
    // An extension brings its comment along, in the words of its version.
    if (catalogue.major !== other.major && id.kind === "comment" && id.target.kind === "extension") return [];
    if (straddle(catalogue, other, 17) && isNamedNotNull(facts, fact)) return [];
    const payload = levelPrivileges(catalogue, other, id, fact.payload);
    if (payload === fact.payload) return [fact];
    return isEmpty(payload["privileges"]) && !isEmpty(fact.payload["privileges"]) ? [] : [{ ...fact, payload }];
  });
  const edges = facts.edges.filter(
    ({ kind, from, to }) =>
      kind !== "owner" ||
      (countsOwner("name" in to ? to.name : undefined) && !(isPublicSchema(from) && straddle(catalogue, other, 15))),
  );
  return {
    catalogue: {
      ...catalogue,
      facts: factsOf(facts, kept, edges),
      extras: catalogue.extras
        .flatMap((extra): Extra[] => {
          // Before version 15 no sequence was unlogged, also where its table was.
          if (extra.kind === "sequence persistence" && straddle(catalogue, other, 15)) return [];
          if (extra.kind === "published generated columns" && straddle(catalogue, other, 18)) return [];
          if (extra.kind === "extension version" && !terms.extensionVersions) return [];
          const rest = withoutGrants(extra, isLeftOut);
          if (rest !== extra) inExtras.push(withGrantsOf(extra, leftOut));
          return rest === undefined ? [] : [rest];
        })
        .map((object) => (countsOwner(object.owner) ? object : { ...object, owner: undefined })),
    },
    leftOut: [...leftOut],
    grants: { facts: grants, extras: inExtras, owners: terms.owners === false ? ownersIn(catalogue) : new Map() },
  };
}

function ownersIn(catalogue: Catalogue): Owners {
  const { facts, inUse } = catalogue;
  if (!inUse) return new Map();
  const reader = catalogue.reader ?? mainOwner(catalogue);
  return new Map(
    facts.edges.flatMap(({ kind, from, to }) =>
      kind === "owner" && to.kind === "role" && to.name !== reader && !facts.isReferenceOnly(from)
        ? [[encodeId(from), to.name]]
        : [],
    ),
  );
}

/** PostgreSQL 17 made a domain's NOT NULL a constraint with a name, which may have a comment. */
function isNamedNotNull(facts: Facts, { id, parent, payload }: Fact): boolean {
  if (id.kind === "constraint") return parent?.kind === "domain" && payload["type"] === "n";
  const target = id.kind === "comment" ? facts.get(id.target) : undefined;
  return target?.id.kind === "constraint" && isNamedNotNull(facts, target);
}

/** Every role that something of somebody else's is granted to, now or by default. */
function grantees(catalogue: Catalogue): ReadonlySet<string> {
  const { facts, extras } = catalogue;
  const owner = mainOwner(catalogue);
  const inExtras = extras.flatMap((extra) => (grantsIn(extra) ?? []).flatMap(({ grantee }) => grantee ?? []));
  return new Set([
    "PUBLIC",
    ...facts.facts().flatMap(({ id }) => (isGrantToOwner(facts, id, owner) ? [] : (granteeOf(id) ?? []))),
    ...inExtras,
  ]);
}

function granteeOf(id: ObjectId): string | undefined {
  return id.kind === "acl" || id.kind === "defaultPrivilege" ? id.grantee : undefined;
}

/**
 * PostgreSQL writes an owner's own rights down as soon as anything is granted.
 * @param builder the role that owns most objects
 */
export function isGrantToOwner(facts: Facts, id: ObjectId, builder: string | undefined): boolean {
  if (id.kind === "defaultPrivilege") return id.grantee === id.role || id.grantee === builder;
  if (id.kind !== "acl") return false;
  return (
    (isPublicSchema(id.target) && id.grantee === "pg_database_owner") ||
    facts
      .outgoingEdges(id.target)
      .some(({ kind, to }) => kind === "owner" && to.kind === "role" && to.name === id.grantee)
  );
}

function isPublicSchema(id: ObjectId): boolean {
  return isSchema(id, "public");
}

function isSchema(id: ObjectId, name: string): boolean {
  return id.kind === "schema" && id.name === name;
}

/** A schema that is there for the tool's ledger alone. */
function loneLedgerSchema({ facts, ledgerSchema }: Catalogue, other: Catalogue): string | undefined {
  if (ledgerSchema === undefined) return undefined;
  const id = { kind: "schema", name: ledgerSchema } as const;
  if (other.facts.has(id) || facts.childrenOf(id).some((child) => !("target" in child.id))) return undefined;
  return ledgerSchema;
}

/** Whether one of two databases is older than a major version and the other is not. */
function straddle(one: Catalogue, other: Catalogue, major: number): boolean {
  return one.major < major !== other.major < major;
}

/**
 * PostgreSQL 15 took the right to create objects in the schema public away from everybody, and 17 brought the right
 * to MAINTAIN tables: neither is anybody's doing where versions differ.
 */
function levelPrivileges<Payload extends object>(
  catalogue: Catalogue,
  other: Catalogue,
  id: ObjectId,
  payload: Payload,
): Payload {
  if (granteeOf(id) === undefined) return payload;
  const gone = new Set<string>();
  if (straddle(catalogue, other, 17)) gone.add("MAINTAIN");
  if (
    straddle(catalogue, other, 15) &&
    catalogue.major < 15 &&
    id.kind === "acl" &&
    isPublicSchema(id.target) &&
    id.grantee === "PUBLIC" &&
    !privilegesOf(other, id).includes("CREATE")
  ) {
    gone.add("CREATE");
  }
  if (gone.size === 0) return payload;
  const without = (privileges: unknown): unknown =>
    Array.isArray(privileges) ? privileges.filter((privilege) => !gone.has(String(privilege))) : privileges;
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, without(value)])) as Payload;
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function privilegesOf({ facts }: Catalogue, id: ObjectId): readonly string[] {
  return (facts.get(id)?.payload["privileges"] ?? []) as string[];
}

/** The role that owns most objects: whoever builds and migrates. */
export function mainOwner({ facts }: Catalogue): string | undefined {
  const counts = new Map<string, number>();
  for (const { kind, from, to } of facts.edges) {
    // Extensions are often made by an administrator.
    if (kind === "owner" && to.kind === "role" && !facts.isReferenceOnly(from))
      counts.set(to.name, (counts.get(to.name) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

function renameOwner(catalogue: Catalogue, owner: string | undefined, name: string | undefined): Catalogue {
  if (owner === undefined || name === undefined || owner === name) return catalogue;
  const { facts } = catalogue;
  const rename = (id: ObjectId): ObjectId =>
    id.kind === "defaultPrivilege" && id.role === owner ? { ...id, role: name } : id;
  const taken = new Set(facts.facts().map(({ id }) => encodeId(id)));
  const renamed = facts.facts().map((fact) => {
    const id = rename(fact.id);
    return id === fact.id || taken.has(encodeId(id)) ? fact : { ...fact, id };
  });
  return { ...catalogue, facts: factsOf(facts, renamed, facts.edges) };
}
