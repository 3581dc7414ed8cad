import type { Facts } from "../engine/facts.ts";
import type { Grant, Grants } from "../kinds/grants.ts";
import type { Extra } from "../kinds/kind.ts";

/** Of those that the planner does not know. */
const KINDS: ReadonlySet<string> = new Set(["column grants", "language grants", "sequence grants"]);

/** What an object of a kind that the planner does not know grants, and nothing else; undefined where it is no such object. Pure. */
export function grantsIn({ kind, payload }: Extra): readonly Grant[] | undefined {
  return areGrants(kind) ? (payload as Grants).grants : undefined;
}

/** Whether objects of a kind are nothing but grants. */
export function areGrants(kind: string): boolean {
  return KINDS.has(kind);
}

/**
 * An object without some of the grants that it is; undefined where nothing is left of it. Any other object stays. Pure.
 * @param isLeftOut of a role
 */
export function withoutGrants(extra: Extra, isLeftOut: (role: string) => boolean): Extra | undefined {
  const grants = grantsIn(extra);
  const kept = grants?.filter(({ grantee }) => grantee === null || !isLeftOut(grantee));
  if (grants === undefined || kept === undefined || kept.length === grants.length) return extra;
  const isUsual = extra.kind === "language grants" ? kept.length === 1 && isForEverybody(kept[0]!) : kept.length === 0;
  return isUsual ? undefined : { ...extra, payload: { grants: kept } };
}

/** An object with those of its grants that some roles have, and no others. Pure. */
export function withGrantsOf(extra: Extra, roles: ReadonlySet<string>): Extra {
  const grants = grantsIn(extra)?.filter(({ grantee }) => grantee !== null && roles.has(grantee));
  return { ...extra, payload: { grants: grants ?? [] } };
}

/** What is granted where there is no such object. Pure. */
export function usualGrants(kind: string): readonly Grant[] {
  return kind === "language grants" ? [{ privilege: "USAGE", grantee: null, withOption: false }] : [];
}

/** What everybody has to a language of which nobody has said anything. */
function isForEverybody({ privilege, grantee, withOption }: Grant): boolean {
  return privilege === "USAGE" && grantee === null && !withOption;
}

/** Those grants on columns of which both catalogues have the column, added to what the first has. Pure. */
export function withColumnGrants(
  { facts, extras }: Holder,
  other: Holder,
  grants: readonly Extra[],
): readonly Extra[] | undefined {
  const shared = grants.filter(
    (extra) => extra.kind === "column grants" && [facts, other.facts].every((side) => hasColumn(side, extra)),
  );
  if (shared.length === 0) return undefined;
  const left = new Map(shared.map((extra) => [keyOf(extra), extra]));
  const merged = extras.map((extra) => {
    const more = extra.kind === "column grants" ? left.get(keyOf(extra)) : undefined;
    if (more === undefined) return extra;
    left.delete(keyOf(extra));
    const known = grantsIn(extra) ?? [];
    const added = (grantsIn(more) ?? []).filter((grant) => !known.some((one) => Bun.deepEquals(one, grant)));
    return { ...extra, payload: { grants: [...known, ...added].toSorted(inOrder) } };
  });
  return [...merged, ...left.values()];
}

interface Holder {
  readonly facts: Facts;
  readonly extras: readonly Extra[];
}

function keyOf({ path }: Extra): string {
  return JSON.stringify(path);
}

function hasColumn(facts: Facts, { path: [schema = "", relation = "", column = ""] }: Extra): boolean {
  return (["view", "materializedView", "foreignTable", "table"] as const).some((kind) => {
    const id = { kind, schema, name: relation };
    const columns = facts.get(id)?.payload["_columns"];
    if (Array.isArray(columns)) return columns.some((one) => Array.isArray(one) && one[0] === column);
    return facts.has(id) && facts.childrenOf(id).some(({ id: child }) => "name" in child && child.name === column);
  });
}

/** As `GRANTS` of kinds/grants.ts has them. */
function inOrder(one: Grant, other: Grant): number {
  const words = ({ privilege, grantee }: Grant): [string, number, string] => [
    privilege,
    grantee === null ? 1 : 0,
    grantee ?? "",
  ];
  const [a, b] = [words(one), words(other)];
  const at = a.findIndex((word, index) => word !== b[index]);
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1;
}
