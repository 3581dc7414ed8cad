import { asFailure } from "#errors/error.ts";
import type { FindUndone } from "../generate/removals.ts";
import type { DecideRenames } from "../generate/rename-first.ts";
import { planBetween, segmentsOf, statementsOf } from "../generate/plan.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import type { Check } from "./checks.ts";
import type { Finding } from "./finding.ts";

/**
 * A check with the SQL that closes its gaps, run in scratch databases, or what is in the way of it.
 * @param undone asked about what differs between schema files and migrations
 */
export async function withSql(files: ProjectFiles, check: Check, undone?: FindUndone): Promise<Check> {
  const findings: Finding[] = [];
  for (const finding of check.findings)
    findings.push(await closed(files, finding, check.name === "agreement" ? undone : undefined));
  return { ...check, findings };
}

async function closed(
  files: ProjectFiles,
  { gap, ...given }: Finding,
  findUndone: FindUndone | undefined,
): Promise<Finding> {
  if (gap === undefined) return given;
  const undone = gap.as === "sql" ? await findUndone?.(gap.to, given.changes ?? []) : undefined;
  const finding = undone === undefined ? given : { ...given, undone };
  try {
    // What a way back forgets to give its old name has its rows still: dropped and made again, it would not.
    const decideRenames: DecideRenames = (possible) => Promise.resolve(possible.filter(({ certain }) => certain));
    const ends = finding.migration === undefined ? gap : { ...gap, decideRenames };
    const plan = segmentsOf(await planBetween(files, ends));
    return { ...finding, [gap.as]: statementsOf(plan), plan };
  } catch (error) {
    return { ...finding, refusal: asFailure(error).message };
  }
}
