import type { Script } from "#database/script.ts";
import type { Statement } from "#sql/statement.ts";
import { isOfKind, isSame, whyNeeded } from "./dependency-order.ts";
import { type Made, type Mention, type Needs, needsOf } from "./needs.ts";

/**
 * Why no order of statements works in which each comes behind what it needs: a reason for each step from a statement that failed, which needs
 * what another one makes, to that one and back. Undefined where nothing says that this one needs the first. A name that several statements
 * give to something says nothing.
 * @param scripts all of the build
 */
export function circleOf(
  scripts: readonly Script[],
  failed: Statement,
  needed: Statement,
): readonly string[] | undefined {
  const makers = new Map<Statement, Needs>();
  for (const script of scripts) {
    for (const statement of script.statements) {
      if (statement.firstWord !== "CREATE") continue;
      makers.set(statement, needsOf(script.file, [{ ...script, statements: [statement] }]));
    }
  }
  const byName = Map.groupBy(makers.values(), ({ makes }) => makes[0]?.name);
  const isChecked = scripts.every(({ text }) => !/\bcheck_function_bodies\b/i.test(text));
  const start = makers.get(failed);
  const end = makers.get(needed);
  const first = start && end && reasonOf(start, end, true);
  const isOnly = byName.get(end?.makes[0]?.name)?.length === 1;
  if (first === undefined || !isOnly) return undefined;
  const reached = new Map<Needs, readonly string[]>([[end!, [first]]]);
  for (const [at, reasons] of reached) {
    if (at === start) return reasons;
    for (const mention of at.mentions) {
      const [to, ...others] = (byName.get(mention.name) ?? []).filter(({ makes: [made] }) => isMeant(mention, made));
      if (to === undefined || others.length > 0 || reached.has(to)) continue;
      const reason = reasonOf(at, to, isChecked);
      if (reason !== undefined) reached.set(to, [...reasons, reason]);
    }
  }
  return undefined;
}

/** @param isChecked whether the bodies of functions that are strings count */
function reasonOf(from: Needs, to: Needs, isChecked: boolean): string | undefined {
  const [made] = to.makes;
  const mention = from.mentions.find((one) => isMeant(one, made) && (isChecked || !one.isInString));
  return made && mention && whyNeeded(from.file, mention, to.file, made);
}

function isMeant(mention: Mention, made: Made | undefined): boolean {
  return made !== undefined && isSame(mention, made) && isOfKind(mention, made);
}
