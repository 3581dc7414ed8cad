import type { Report, Reported, ShownPath } from "./report.ts";

const LEVELS: Readonly<Record<Reported["severity"], string>> = { error: "error", warning: "warning", note: "notice" };

/** Findings as commands of a GitHub workflow, which shows them at the lines of a pull request. Pure. */
export function renderGithub({ suites }: Pick<Report, "suites">, shown: ShownPath): string {
  return suites
    .flatMap(({ findings }) => findings)
    .map(({ rule, severity, message, fix, location }) => {
      const properties = [
        `file=${property(shown(location.file))}`,
        ...(location.line === undefined ? [] : [`line=${location.line}`]),
        ...(location.column === undefined ? [] : [`col=${location.column}`]),
        `title=${property(rule)}`,
      ];
      return `::${LEVELS[severity]} ${properties.join(",")}::${data(fix === undefined ? message : `${message}\n${fix}`)}\n`;
    })
    .join("");
}

/** As @actions/core escapes what it writes. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
