import type { Check } from "#compare/verify/checks.ts";
import type { Finding } from "#compare/verify/finding.ts";
import type { VerifyReport } from "#compare/verify/verify.ts";
import type { Location } from "#errors/error.ts";
import { aimed, type Guide } from "../findings.ts";
import { type ChangeWords, reportedChange } from "./of-changes.ts";
import { fingerprintOf, type Report, type Reported, type ReportedRule } from "./report.ts";

const RULES: Readonly<Record<Check["name"], ReportedRule>> = {
  build: {
    id: "schema-builds",
    title: "Schema files build from nothing",
    why: "A new database is made of the schema files, in their order.",
    instead: "Mend the statement, or the order of the files.",
    severity: "error",
    isOn: true,
  },
  migrations: {
    id: "migrations-apply",
    title: "Migrations apply, roll back exactly and apply again",
    why: "Databases in use are brought forward by the migrations, and back by their ways back.",
    instead: "Mend the migration if no database has it yet; otherwise write another one.",
    severity: "error",
    isOn: true,
  },
  agreement: {
    id: "schema-and-migrations-agree",
    title: "Schema files and migrations agree",
    why: "A database that is built and one that is migrated would not have the same schema.",
    instead:
      "`confiture migrate generate NAME` writes a migration for what is new in the schema files; `confiture schema update` brings what migrations did into them.",
    severity: "error",
    isOn: true,
  },
};

/** Of what the migrations lead to, beside what the schema files build. */
const AGREEMENT: ChangeWords = {
  added: "is in the schema files, and no migration makes it",
  dropped: "is made by the migrations, and is not in the schema files",
  changed: "differs: from what the migrations make, to what the schema files say",
};

/** Of what is there after a migration and its way back, beside what was there before. */
const REPLAY: ChangeWords = {
  added: "is there, and was not to be",
  dropped: "is missing",
  changed: "differs",
};

/**
 * What did not hold, check by check, at the files to look into. Pure.
 * @param elsewhere a folder of the project, for what is about no file
 */
export function reportOfVerify({ checks, unchecked }: VerifyReport, guide: Guide, elsewhere: string): Report {
  const suites = checks.map((check) => {
    const findings = check.findings.flatMap((finding) => reported(check, finding, guide, elsewhere));
    const open = check.outcome === "not-checked" ? [notChecked(RULES[check.name].id, check.summary, elsewhere)] : [];
    const fix = check.next === undefined ? undefined : aimed(check.next, guide);
    const failing = fix === undefined ? open : open.map((one) => ({ ...one, severity: "error" as const, fix }));
    return { name: RULES[check.name].title, findings: [...findings, ...failing] };
  });
  const left = unchecked.map((what) => notChecked("not-checked", `Not checked: ${what}`, elsewhere));
  return {
    command: "verify",
    suites: left.length === 0 ? suites : [...suites, { name: NOT_CHECKED.title, findings: left }],
    fails: ({ severity }) => severity === "error",
    rules: () => Promise.resolve([...Object.values(RULES), NOT_CHECKED]),
  };
}

const NOT_CHECKED: ReportedRule = {
  id: "not-checked",
  title: "What could not be checked",
  why: "It is neither right nor wrong.",
  instead: "The message says what stands in the way.",
  severity: "warning",
  isOn: true,
};

function reported(check: Check, finding: Finding, { places, aim }: Guide, elsewhere: string): Reported[] {
  const { id } = RULES[check.name];
  const { message, migration, error, changes = [], refusal } = finding;
  const own: Location = { file: migration?.path ?? elsewhere };
  const about = migration?.path ?? "";
  if (error !== undefined) {
    const { message: said, hint, location } = aim(error);
    const text = message === check.summary ? said : `${message}: ${said}`;
    return [
      {
        rule: id,
        severity: "error",
        message: text,
        fix: hint,
        location: location ?? own,
        fingerprint: fingerprintOf(id, about, text),
      },
    ];
  }
  if (changes.length === 0) {
    return [
      {
        rule: id,
        severity: "error",
        message,
        fix: refusal,
        location: own,
        fingerprint: fingerprintOf(id, about, message),
      },
    ];
  }
  const isAgreement = check.name === "agreement";
  return changes.map((change) => {
    const { schema, migration: place } = places(change, finding);
    const location = isAgreement ? (schema ?? place ?? own) : (place ?? own);
    const one = reportedChange(id, change, isAgreement ? AGREEMENT : REPLAY, location);
    return {
      ...one,
      message: isAgreement ? one.message : `${message}: ${one.message}`,
      fix: isAgreement ? RULES.agreement.instead : undefined,
      fingerprint: fingerprintOf(one.fingerprint, about, message),
    };
  });
}

function notChecked(rule: string, message: string, elsewhere: string): Reported {
  return {
    rule,
    severity: "warning",
    message,
    fix: undefined,
    location: { file: elsewhere },
    fingerprint: fingerprintOf(rule, message),
  };
}
