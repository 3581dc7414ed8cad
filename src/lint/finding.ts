import type { Location } from "#errors/error.ts";
import type { LintFile, LintStatement } from "./file.ts";
import type { Rewrite } from "./rule.ts";
import type { Severity } from "./severity.ts";

/** How it is known: by running the statement, from the table of known statements, or from the text. */
export type Known = "measured" | "known" | "text";

/** Something that a rule found. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** SQL to write instead, or what to do. */
  readonly fix: string | undefined;
  readonly rewrite: Rewrite | undefined;
  /** As of `Found`. */
  readonly notRewritten?: string | undefined;
  readonly how: Known;
  readonly location: Location;
  /** The statement that it is about. */
  readonly statement: LintStatement | undefined;
  readonly file: LintFile;
  /** Of rule and statement: it stays the same when lines above are added. 32 hexadecimal digits. */
  readonly fingerprint: string;
}
