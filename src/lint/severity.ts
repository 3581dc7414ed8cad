/** `error` makes `confiture lint` exit with 3 unless --fail-on says otherwise. */
export const SEVERITIES = ["error", "warning", "note"] as const;
export type Severity = (typeof SEVERITIES)[number];
