import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Grant, Grants } from "../kinds/grants.ts";
import type { Extra, Relation } from "../kinds/kind.ts";

/** Rights of a role to a sequence, which is an object of its own or that of an identity. */
export interface SequenceRight {
  readonly sequence: Relation;
  /** A role, or PUBLIC. */
  readonly grantee: string;
  readonly privileges: readonly string[];
  /** Those that may be granted on. */
  readonly grantable: readonly string[];
}

interface Holder {
  readonly facts: Facts;
  readonly extras: readonly Extra[];
}

const KIND = "sequence grants";

/** All of them among some grants; the owner's own are among those to objects. Pure. */
export function sequenceRights(facts: readonly Fact[], extras: readonly Extra[]): SequenceRight[] {
  return [
    ...facts.flatMap(({ id, payload }): SequenceRight[] => {
      if (id.kind !== "acl" || id.target.kind !== "sequence") return [];
      const { schema, name } = id.target;
      const [privileges, grantable] = [listIn(payload["privileges"]), listIn(payload["grantable"])];
      return [{ sequence: { schema, name }, grantee: id.grantee, privileges, grantable }];
    }),
    ...extras.flatMap(({ kind, path: [schema = "", name = "", grantee = ""], payload }): SequenceRight[] => {
      if (kind !== KIND) return [];
      const { grants } = payload as Grants;
      const names = (some: readonly Grant[]): string[] => some.map(({ privilege }) => privilege).toSorted();
      const grantable = names(grants.filter(({ withOption }) => withOption));
      return [{ sequence: { schema, name }, grantee, privileges: names(grants), grantable }];
    }),
  ];
}

/**
 * A catalogue with rights to sequences that both it and another have, whether as an object or as that of an identity. Pure.
 * @returns what is to be added
 */
export function sharedSequenceRights(
  holder: Holder,
  other: Holder,
  rights: readonly SequenceRight[],
): { readonly facts: readonly Fact[]; readonly extras: readonly Extra[] } {
  if (rights.length === 0) return { facts: [], extras: [] };
  const [own, others] = [identities(holder.facts), identities(other.facts)];
  const found = rights.map((right) => {
    const { sequence, grantee, privileges, grantable } = right;
    const target: ObjectId = { kind: "sequence", ...sequence };
    const table = own.get(encodeId(target));
    if (!other.facts.has(target) && !others.has(encodeId(target))) return {};
    if (holder.facts.has(target)) {
      const id: ObjectId = { kind: "acl", target, grantee };
      return holder.facts.has(id) ? {} : { fact: { id, parent: target, payload: { privileges, grantable } } };
    }
    const path = [sequence.schema, sequence.name, grantee];
    if (table === undefined || holder.extras.some((one) => one.kind === KIND && Bun.deepEquals(one.path, path)))
      return {};
    const grants = privileges.map((privilege): Grant => ({
      privilege,
      grantee: grantee === "PUBLIC" ? null : grantee,
      withOption: grantable.includes(privilege),
    }));
    return { extra: { kind: KIND, path, relation: table, payload: { grants } } };
  });
  return {
    facts: found.flatMap(({ fact }) => fact ?? []),
    extras: found.flatMap(({ extra }) => extra ?? []),
  };
}

/** The tables of identities, by the ids of their sequences as texts. */
function identities(facts: Facts): ReadonlyMap<string, Relation> {
  return new Map(
    facts.facts().flatMap(({ id, payload }) => {
      const identity = payload["identity"] as { readonly sequence?: Relation | null } | null | undefined;
      if (id.kind !== "column" || identity?.sequence === undefined || identity.sequence === null) return [];
      const { schema, name } = identity.sequence;
      return [[encodeId({ kind: "sequence", schema, name }), { schema: id.schema, name: id.table }] as const];
    }),
  );
}

function listIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String).toSorted() : [];
}
