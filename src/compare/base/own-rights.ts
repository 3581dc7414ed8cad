import type { Catalogue } from "../catalogue/catalogue.ts";
import { isGrantToOwner, mainOwner } from "../catalogue/terms.ts";
import type { Action } from "../engine/actions.ts";
import { alteration } from "../plan/alteration.ts";
import type { Fact } from "../engine/facts.ts";
import { withoutObjects, withPayloads } from "../engine/lookups.ts";
import { withRights } from "../plan/object-rights.ts";

/**
 * The statements that take from owners what was taken from them in a scratch database: from whoever builds, as CURRENT_USER,
 * and from the owner of the database. They come behind all others, which may need these rights. Pure.
 */
export function ownRights(held: Catalogue): string[] {
  const own = held.facts.facts().filter(({ id }) => {
    if (id.kind !== "acl" && id.kind !== "defaultPrivilege") return false;
    const isBuilders = id.grantee === held.builder || id.grantee === "pg_database_owner";
    return isBuilders && isGrantToOwner(held.facts, id, mainOwner(held));
  });
  if (own.length === 0) return [];
  const before = withPayloads(
    withoutObjects(
      held.facts,
      own.flatMap(({ id }) => (id.kind === "defaultPrivilege" ? [id] : [])),
    ),
    ({ id }) => id.kind === "acl" && own.some((fact) => fact.id === id),
    ({ payload }) => atFirst(payload),
  );
  const actions = own.map(({ id }): Action => ({ ...alteration(""), produces: [id] }));
  return withRights(actions, { ...held, facts: before }, held).map(({ sql }) => sql);
}

/** What an owner has to what is new, or to what an extension has made. */
function atFirst({ _ownerDefault: all, _initPrivs: installed }: Fact["payload"]): Partial<Fact["payload"]> {
  if (all !== undefined) return { privileges: all, grantable: [] };
  return (installed ?? {}) as Partial<Fact["payload"]>;
}
