import type { Change } from "#compare/catalogue/changes.ts";
import type { Location } from "#errors/error.ts";
import { renderChange } from "../changes.ts";
import { fingerprintOf, type Report, type Reported } from "./report.ts";

/** What a side of a comparison is called: "is only in ...", "is missing from ...". */
export type ChangeWords = Readonly<Record<Change["change"], string>>;

/**
 * What differs between two states of a schema. Pure.
 * @param rule its id and what is said of it
 * @param placeOf where a reader is sent to
 */
export function reportOfChanges(
  command: string,
  {
    id,
    title,
    why,
    instead,
  }: { readonly id: string; readonly title: string; readonly why: string; readonly instead: string },
  changes: readonly Change[],
  words: ChangeWords,
  placeOf: (change: Change) => Location,
): Report {
  return {
    command,
    suites: [{ name: title, findings: changes.map((change) => reportedChange(id, change, words, placeOf(change))) }],
    fails: () => true,
    rules: () => Promise.resolve([{ id, title, why, instead, severity: "error", isOn: true }]),
  };
}

/** One object that differs. Pure. */
export function reportedChange(rule: string, change: Change, words: ChangeWords, location: Location): Reported {
  const { kind, name } = change;
  const [, ...properties] = renderChange(change);
  return {
    rule,
    severity: "error",
    message: [`${kind} ${name} ${words[change.change]}`, ...properties.map((line) => line.trim())].join("\n"),
    fix: undefined,
    location,
    fingerprint: fingerprintOf(rule, change.change, kind, name),
  };
}
