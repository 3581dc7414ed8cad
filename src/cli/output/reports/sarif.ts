import { VERSION } from "../../version.ts";
import type { Report, ReportedRule, ShownPath } from "./report.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Findings as SARIF 2.1.0 (OASIS), for GitHub code scanning and whatever else reads it. Pure. */
export function renderSarif(
  { suites }: Pick<Report, "suites">,
  rules: readonly ReportedRule[],
  shown: ShownPath,
): string {
  const findings = suites.flatMap((suite) => suite.findings);
  const index = new Map(rules.map(({ id }, at) => [id, at]));
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Confiture",
            version: VERSION,
            rules: rules.map(({ id, title, why, instead, severity, isOn }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: instead, markdown: `${why}\n\n${instead}` },
              defaultConfiguration: { enabled: isOn, level: severity },
            })),
          },
        },
        columnKind: "unicodeCodePoints",
        results: findings.map(({ rule, severity, message, fix, location, fingerprint }) => ({
          ruleId: rule,
          ruleIndex: index.get(rule),
          level: severity,
          message: { text: fix === undefined ? message : `${message}\n${fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(shown(location.file)), uriBaseId: "%SRCROOT%" },
                ...(location.line === undefined
                  ? {}
                  : { region: { startLine: location.line, startColumn: location.column ?? 1 } }),
              },
            },
          ],
          partialFingerprints: { "confitureStatement/v1": fingerprint },
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
