import type { Finding } from "#lint/finding.ts";
import { RULES } from "#lint/registry.ts";
import { VERSION } from "../version.ts";
import type { ShownPath } from "./lint.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Findings as SARIF 2.1.0 (OASIS), for GitHub code scanning and whatever else reads it. Pure. */
export function renderSarif(findings: readonly Finding[], shown: ShownPath): string {
  const index = new Map(RULES.map(({ id }, at) => [id, at]));
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Confiture",
            version: VERSION,
            rules: RULES.map(({ id, title, why, instead, severity, on }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: instead, markdown: `${why}\n\n${instead}` },
              defaultConfiguration: { enabled: on !== false, level: severity },
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
