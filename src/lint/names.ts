import { nearest } from "#errors/suggest.ts";
import { RULES } from "./registry.ts";
import type { Aliases } from "./rule.ts";

const BY_ID = new Map(RULES.map((rule) => [rule.id, rule]));

/** Other tools, by what their names of rules stand under. */
export const TOOLS: Readonly<Record<keyof Aliases, string>> = {
  squawk: "squawk",
  eugene: "eugene",
  atlas: "Atlas",
  strongMigrations: "strong_migrations",
};

/** Rules by the names that other tools have for them; one name may stand for several. */
const BY_ALIAS = new Map<string, string[]>();
for (const { id, aliases = {} } of RULES) {
  for (const name of Object.values(aliases).flat()) BY_ALIAS.set(name, [...(BY_ALIAS.get(name) ?? []), id]);
}

/** Every name that a rule may be given by. */
export const RULE_NAMES: readonly string[] = [...BY_ID.keys(), ...BY_ALIAS.keys()];

export function isRule(name: string): boolean {
  return BY_ID.has(name);
}

/** The rules that a name stands for: our own id, or that of squawk, eugene, Atlas or strong_migrations. */
export function rulesNamed(name: string): readonly string[] {
  return BY_ID.has(name) ? [name] : (BY_ALIAS.get(name) ?? []);
}

export function suggestRule(name: string): string | undefined {
  return nearest(name, RULE_NAMES);
}
