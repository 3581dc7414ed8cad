import { inLine } from "./output/visible.ts";

/**
 * What is said of migrations that stopped half way, where a command goes on all the same.
 * @param ids from `stoppedIn`
 */
export function stoppedThere(ids: readonly string[]): string {
  return `${ids.map(inLine).join(", ")} stopped half way in this database: \`confiture migrate status\` says where, and the ways on`;
}
