import { ConfitureError, type Location } from "#errors/error.ts";
import type { Statement } from "#sql/statement.ts";
import { ROWS_FROM_HERE } from "./advice.ts";
import type { Database } from "./database.ts";
import type { Outline } from "./outline.ts";

/** Where the rows of a COPY ... FROM stdin are that has none in its text. */
export interface RowsElsewhere {
  /** Those of one COPY; undefined where there are none, so that a COPY without rows is refused. */
  readonly rows?: (engine: Database["engine"]) => Parameters<Database["copyIn"]>[1];
}

/** Whether it is a COPY ... FROM stdin at the very end of a text, with neither rows nor the line that ends them. Pure. */
export function lacksRows({ outline }: { readonly outline?: Outline }, { copyData }: Statement): boolean {
  if (copyData === undefined || copyData.terminated) return false;
  const { from, to } = outline?.data(copyData.start) ?? { from: copyData.start, to: copyData.end };
  return from === to;
}

/**
 * Refuses a COPY that would say that it copied nothing.
 * @throws ConfitureError `sql_unterminated`
 */
export function requireRows(
  source: RowsElsewhere & { readonly outline?: Outline },
  statements: readonly Statement[],
  placeOf: (statement: Statement) => Location,
): void {
  const without = statements.filter((statement) => lacksRows(source, statement));
  const refused = without[source.rows === undefined ? 0 : 1];
  if (refused === undefined) return;
  const message =
    source.rows === undefined
      ? "No rows follow this COPY ... FROM stdin"
      : "Standard input has the rows of one COPY only, and this is a second";
  throw new ConfitureError("sql_unterminated", message, { location: placeOf(refused), hint: ROWS_FROM_HERE });
}
