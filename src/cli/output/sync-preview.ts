import { reportedName } from "#sql/quote.ts";
import { SEARCH_PATH } from "#sync/plain.ts";
import { copiedWhole } from "#sync/roots.ts";
import type { SyncPreview } from "#sync/run/report.ts";
import { chosenOf } from "./sync.ts";
import { number } from "./sync-proof.ts";
import { formatSize } from "./text.ts";
import { inLine } from "./visible.ts";
import { wrap } from "./wrap.ts";
import { wrapSql } from "./wrap-sql.ts";

/** Characters of a line where no terminal says how many it has. */
const WIDTH = 120;

/**
 * What a run would do, with every query: a script that psql runs as it is, in which everything else is a comment. Subkeys are secret, so
 * that others stand in their place.
 */
export function renderPreview({ plan, sizes, chosen }: SyncPreview, columns = WIDTH): string {
  const bySize = new Map(sizes.map((each) => [reportedName(each.schema, each.name), each]));
  const comment = (text: string): string => wrap(inLine(text), columns - 3).replaceAll(/^/gm, "-- ");
  const secret = plan.settings.filter(({ name }) => name !== SEARCH_PATH.name);
  const note =
    "With these stand-ins for the subkeys of a copy, which are secret, the queries run and have other results.";
  const whole = copiedWhole(plan);
  const head = [
    `SET ${SEARCH_PATH.name} TO ${SEARCH_PATH.value};`,
    "SET row_security TO off;",
    ...(secret.length === 0 ? [] : [comment(note)]),
    ...secret.map(({ name }) => `SET ${name} TO '00';`),
    ...(whole.length === 0 ? [] : [comment(`Copied whole, as no condition reaches them: ${whole.join(", ")}`)]),
  ];
  const tables = plan.tables.map((table) => {
    const name = reportedName(table.schema, table.name);
    const known = bySize.get(name);
    const some = chosen.get(name);
    const all = known?.rows === null || known === undefined ? "" : `, about ${number(known.rows)} rows`;
    const about = some === undefined ? all : `, ${chosenOf(some, known?.rows ?? null)}`;
    if (table.mode === "skip") return comment(`${name}: made without rows`);
    const replaced = table.columns.flatMap(({ name: column, treatment, transform }) =>
      treatment === "transform" ? [`  ${column} -> ${transform ?? ""}`] : [],
    );
    const where = table.where === undefined ? [] : [`  rows: ${table.where}`];
    const said = [`${name}: ${formatSize(known?.bytes ?? 0)}${about}`, ...replaced, ...where];
    return [...said.map(comment), `${wrapSql(table.query, columns)};`].join("\n");
  });
  return `${[head.join("\n"), ...tables].join("\n\n")}\n`;
}
