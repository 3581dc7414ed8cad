import { join } from "node:path";
import { readRegularFile } from "#files/read.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";

/** What goes one way or the other: statements, operators, and methods that call something once for each element. */
const BRANCH =
  /\b(?:if|for|while|do|switch|catch)\b|\?|&&|\|\||\.(?:forEach|map|flatMap|filter|find|some|every|reduce)\s*\(/;

/** Whether a migration is TypeScript that may do something else elsewhere. What it imports is not looked into. */
export function mayBranch(projectDir: string, { up }: LoadedMigration): boolean {
  if (up.kind !== "typescript") return false;
  const source = readRegularFile(join(projectDir, up.file), up.file).toString();
  // Without comments, and types with their question marks.
  const code = new Bun.Transpiler({ loader: "ts" }).transformSync(source);
  // Strings hold SQL, whose words are others.
  return BRANCH.test(code.replaceAll(/`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/gs, '""'));
}
