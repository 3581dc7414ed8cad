import { giveBackMemory } from "#compare/engine/memory.ts";
import type { StatementFacts } from "#compare/trace/facts.ts";
import { sizesByName } from "#compare/trace/impact.ts";
import type { SizeOf } from "#compare/trace/sizes.ts";
import { factsIn, type Plan, refusalInWords } from "./plan-words.ts";

/** What migrations do, by their files: comments for a script that shows their statements already. Pure. */
export function factsByFile({ trace, sizes }: Pick<Plan, "trace" | "sizes">): ReadonlyMap<string, readonly string[]> {
  const sizeOf = sizesByName(sizes);
  return new Map(
    trace.migrations.map((migration) => [
      migration.file.path,
      [
        ...(migration.error === undefined ? [] : [refusalInWords(migration)!]),
        ...(migration.hasBranches ? ["has branches: what they did not lead into was not seen"] : []),
        ...factsByLine(migration.statements, sizeOf),
      ],
    ]),
  );
}

/** After so many statements, what their words have left behind is given back. */
const BREATH = 10_000;

/** Statements in a row of which the same is to be said are told together. */
function factsByLine(statements: readonly StatementFacts[], sizeOf: ReadonlyMap<string, SizeOf>): string[] {
  const runs: { readonly first: StatementFacts; last: StatementFacts; readonly facts: readonly string[] }[] = [];
  for (const [at, statement] of statements.entries()) {
    if (at % BREATH === 0) giveBackMemory();
    const facts = factsIn(statement, sizeOf);
    const run = runs.at(-1);
    if (run !== undefined && Bun.deepEquals(run.facts, facts)) run.last = statement;
    else runs.push({ first: statement, last: statement, facts });
  }
  return runs.flatMap(({ first, last, facts }) => {
    const [from = "?", to = "?"] = [first.place.line, last.place.line];
    const where = from === to ? `line ${from}` : `lines ${from} to ${to}`;
    return facts.map((fact) => `${where}: ${fact}`);
  });
}
