import type { Location } from "#errors/error.ts";
import type { Severity } from "#lint/severity.ts";

/** Something that a command found, and where to look. */
export interface Reported {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string | undefined;
  readonly location: Location;
  /** The same in every run that finds it, wherever its line has moved to. 32 hexadecimal digits. */
  readonly fingerprint: string;
}

/** A kind of what is found. */
export interface ReportedRule {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly instead: string;
  readonly severity: Severity;
  readonly isOn: boolean;
}

export interface Report {
  /** Without the tool's name: "lint". */
  readonly command: string;
  /** What was looked at, file by file or check by check, with what was found there. */
  readonly suites: readonly { readonly name: string; readonly findings: readonly Reported[] }[];
  /** Whether a finding makes the command fail. */
  fails(finding: Reported): boolean;
  rules(): Promise<readonly ReportedRule[]>;
}

/** A path of the project as a report names it. */
export type ShownPath = (path: string) => string;

/** @param identity what makes it this finding and no other, for as long as it is there */
export function fingerprintOf(...identity: readonly string[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}
