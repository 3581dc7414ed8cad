import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { ColumnChange } from "./column-change.ts";

/** One migration of a change in steps: its statements, and what stands behind its markers. */
export interface ColumnStep {
  readonly part: "expand" | "fill" | "validate" | "contract";
  /** Options of the marker. */
  readonly options: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly transactional: boolean;
}

/**
 * A change of a column in steps between which any time may pass (docs/guides/medium-4-schema-to-schema.md). Pure.
 *
 * The trigger goes by which side of a row has changed. It is one BEFORE trigger, and its name sorts behind all others, so
 * that it sees what they have done; it lists no columns, since others may change what a statement does not name.
 */
export function columnSteps(change: ColumnChange): ColumnStep[] {
  const { schema, table, old, fresh, kind, finalName, backfill } = change;
  const on = quoteQualified(schema, table);
  const alter = (action: string): string => `ALTER TABLE ${on} ${action}`;
  const [was, is] = [quoteIdentifier(old.name), quoteIdentifier(fresh.name)];
  const base = `${table}_${old.name}_to_${fresh.name}`;
  const name = base.replaceAll(/[^\p{L}\p{N}_.-]/gu, "_");
  const sync = quoteQualified(schema, clipName(base));
  const trigger = quoteIdentifier(`~${clipName(base, NAME_BYTES - 1)}`);
  const forward = (column: string): string => (kind === "rename" ? column : `${column}::${fresh.type}`);
  const backward = (column: string): string => (kind === "rename" ? column : `${column}::${old.type}`);
  const agree = quoteIdentifier(`${clipName(fresh.name, 56)}_agrees`);
  const present = quoteIdentifier(`${clipName(fresh.name, 51)}_has_no_null`);
  const constraints = [
    `ADD CONSTRAINT ${agree} CHECK (${is} IS NOT DISTINCT FROM ${forward(was)})`,
    ...(fresh.notNull ? [`ADD CONSTRAINT ${present} CHECK (${is} IS NOT NULL)`] : []),
  ];
  const checks = [agree, ...(fresh.notNull ? [present] : [])];
  const makeSync = [
    `CREATE FUNCTION ${sync}() RETURNS trigger LANGUAGE plpgsql AS $sync$\n${bodyOf(change)}$sync$`,
    `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION ${sync}()`,
  ];
  const dropSync = [`DROP TRIGGER ${trigger} ON ${on}`, `DROP FUNCTION ${sync}()`];
  const giveDefault = (column: string, value: string | undefined): string[] =>
    value === undefined ? [] : [alter(`ALTER COLUMN ${column} SET DEFAULT ${value}`)];
  const end = quoteIdentifier(finalName);
  return [
    {
      part: "expand",
      options: `phase:expand change:${name}`,
      up: [
        alter(`ADD COLUMN ${is} ${fresh.type}`),
        ...makeSync,
        ...constraints.map((constraint) => alter(`${constraint} NOT VALID`)),
      ],
      down: [...dropSync, alter(`DROP COLUMN ${is}`)],
      transactional: true,
    },
    {
      part: "fill",
      options: `${backfill} change:${name}`,
      up: [`UPDATE ${on} SET ${is} = ${forward(was)} WHERE ${is} IS NULL AND ${was} IS NOT NULL`],
      down: [],
      transactional: true,
    },
    {
      part: "validate",
      options: `change:${name}`,
      up: checks.map((check) => alter(`VALIDATE CONSTRAINT ${check}`)),
      down: checks.flatMap((check, index) => [
        alter(`DROP CONSTRAINT ${check}`),
        alter(`${constraints[index]} NOT VALID`),
      ]),
      transactional: false,
    },
    {
      part: "contract",
      options: `phase:contract change:${name}`,
      up: [
        ...dropSync,
        // The CHECK is proven, so that no row is read.
        ...(fresh.notNull ? [alter(`ALTER COLUMN ${is} SET NOT NULL`), alter(`DROP CONSTRAINT ${present}`)] : []),
        ...giveDefault(is, fresh.default),
        alter(`DROP CONSTRAINT ${agree}`),
        alter(`DROP COLUMN ${was}`),
        ...(kind === "type" ? [alter(`RENAME COLUMN ${is} TO ${end}`)] : []),
      ],
      down: [
        ...(kind === "type" ? [alter(`RENAME COLUMN ${end} TO ${is}`)] : []),
        ...(fresh.default === undefined ? [] : [alter(`ALTER COLUMN ${is} DROP DEFAULT`)]),
        ...(fresh.notNull ? [alter(`ALTER COLUMN ${is} DROP NOT NULL`)] : []),
        alter(`ADD COLUMN ${was} ${old.type}`),
        `UPDATE ${on} SET ${was} = ${backward(is)} WHERE ${is} IS NOT NULL`,
        ...giveDefault(was, old.default),
        ...(old.notNull ? [alter(`ALTER COLUMN ${was} SET NOT NULL`)] : []),
        ...constraints.map(alter),
        ...makeSync,
      ],
      transactional: true,
    },
  ];
}

/** The body of the trigger's function. */
function bodyOf({ kind, old, fresh }: ColumnChange): string {
  const [was, is] = [quoteIdentifier(old.name), quoteIdentifier(fresh.name)];
  if (kind === "type") {
    return `BEGIN
  NEW.${is} := NEW.${was}::${fresh.type};
  RETURN NEW;
END
`;
  }
  return `BEGIN
  IF TG_OP = 'INSERT' AND NEW.${is} IS NOT NULL THEN
    NEW.${was} := NEW.${is};
  ELSIF TG_OP = 'UPDATE' AND NEW.${is} IS DISTINCT FROM OLD.${is} THEN
    NEW.${was} := NEW.${is};
  ELSE
    NEW.${is} := NEW.${was};
  END IF;
  RETURN NEW;
END
`;
}
