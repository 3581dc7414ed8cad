import type { Catalogue } from "../catalogue/catalogue.ts";
import { extraDifferences } from "../catalogue/extra-differences.ts";
import { kindOf } from "../catalogue/extras.ts";
import { isShell } from "../kinds/base-type.ts";
import type { Extra } from "../kinds/kind.ts";
import { KINDS } from "../kinds/registry.ts";
import { withBaseTypes } from "./base-types.ts";
import { changeOf, creationOf, nameOf, plannedOf } from "./extra-statements.ts";
import { isInGraph } from "./graph.ts";
import type { PlannedStatement } from "./statement.ts";

/**
 * A plan, and what brings about the properties that the planner does not know: behind what they are of. Kinds that are
 * written by hand are left out. Pure.
 */
export function withExtras(planned: readonly PlannedStatement[], from: Catalogue, to: Catalogue): PlannedStatement[] {
  const first: PlannedStatement[] = [];
  const last: PlannedStatement[] = [];
  const differences = extraDifferences(from, to);
  const types = differences.filter(({ kind }) => kind === "base type");
  for (const { kind, from: before, to: after } of differences) {
    if (kind === "base type" || isInGraph({ kind })) continue;
    const { statements } = kindOf((before ?? after)!);
    if (statements === undefined) continue;
    if (statements.transition !== undefined) {
      const transition = statements.transition(before, after, to);
      first.unshift(...transition.first.map(plannedOf));
      last.push(...transition.last.map(plannedOf));
    } else if (before === undefined) last.push(...creationOf(after!, to, from));
    else if (after !== undefined) last.push(...changeOf(before, after, from, to));
    else {
      const reset = (statements.reset?.(before, to) ?? []).map(plannedOf);
      if (statements.resetsFirst === true) first.push(...reset);
      else last.push(...reset.map((statement) => ({ ...statement, ifThere: true })));
    }
  }
  const middle = types.length === 0 ? planned : withBaseTypes(planned, types, from, to);
  return [...first, ...middle, ...last];
}

/** The statements that make all of it in an empty database, in an order that works. Pure. */
export function creationsOf(
  empty: Catalogue,
  live: Catalogue,
): {
  readonly extra: Extra;
  /** Whether only its name is made. */
  readonly isName: boolean;
  readonly statements: readonly string[];
}[] {
  return live.extras
    .toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind))
    .flatMap((extra) => {
      const statements = creationOf(extra, live, empty).map(({ sql }) => sql);
      if (statements.length === 0) return [];
      const whole = { extra, isName: false, statements };
      if (extra.kind !== "base type") return [whole];
      // The functions that make it one need its name.
      return isShell(extra)
        ? [{ ...whole, isName: true }]
        : [{ extra, isName: true, statements: [`CREATE ${nameOf(extra)}`] }, whole];
    });
}

function rankOf(kind: string): number {
  return ORDER.indexOf(kind);
}

const ORDER = Object.keys(KINDS);
