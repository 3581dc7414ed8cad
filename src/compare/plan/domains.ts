import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { textOf } from "../engine/lookups.ts";

/** What a domain is made of, also where it is the type of an array; other types themselves. Pure. */
export function underlying(type: string, facts: Facts): string {
  if (type.endsWith("[]")) return `${underlying(type.slice(0, -2), facts)}[]`;
  const base = domainOf(type, facts)?.base;
  return base === undefined ? type : underlying(base, facts);
}

/** Whether a type, a domain or an array of one, demands something of its values that another one did not. Pure. */
export function demandsMore(before: string, from: Facts, after: string, to: Facts): boolean {
  const known = new Set(demandsOf(before, from));
  return demandsOf(after, to).some((demand) => !known.has(demand));
}

function demandsOf(type: string, facts: Facts): string[] {
  const domain = domainOf(type.replace(/\[\]$/, ""), facts);
  if (domain === undefined) return [];
  const { id, base } = domain;
  const checks = facts.childrenOf(id).flatMap((child) => textOf(facts, child.id, "def") ?? []);
  const notNull = facts.get(id)?.payload["notNull"] === true ? ["NOT NULL"] : [];
  return [...checks, ...notNull, ...demandsOf(base, facts)];
}

function domainOf(type: string, facts: Facts): { readonly id: ObjectId; readonly base: string } | undefined {
  const { schema, name } = parseQualifiedName(type) ?? {};
  if (schema === undefined || name === undefined) return undefined;
  const id = { kind: "domain", schema, name } as const;
  const base = textOf(facts, id, "baseType");
  return base === undefined ? undefined : { id, base };
}
