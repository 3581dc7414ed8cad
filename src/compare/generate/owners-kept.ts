import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { describe } from "../catalogue/describe.ts";
import type { Owners } from "../catalogue/terms.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Facts } from "../engine/facts.ts";
import { MadeAnew } from "./made-anew.ts";
import type { MeasuredStatement } from "./section.ts";
import type { Step } from "./steps.ts";

/**
 * Steps whose ways up give what they take away and make anew to whom it belonged in a database in use: it would belong to whoever
 * runs them, and a view or a function that runs with the rights of its owner would then do so with theirs. Pure.
 * @param owners who owned what; nothing is kept when undefined
 * @param to what they lead to
 */
export function withOwners(steps: readonly Step[], owners: Owners | undefined, to: Facts): readonly Step[] {
  if (owners === undefined || owners.size === 0) return steps;
  const anew = new MadeAnew((id) => owners.has(encodeId(id)));
  const withOwner = (statement: MeasuredStatement): MeasuredStatement => {
    const remade = new Set(anew.by(statement));
    const given = [...new Set([...statement.makes, ...remade])].flatMap((id) => {
      const table = tableOf(id, to);
      const owner = owners.get(encodeId(table ?? id));
      const called = table !== undefined || remade.has(id) ? calledInAlter(id) : undefined;
      return owner === undefined || called === undefined ? [] : [`ALTER ${called} OWNER TO ${quoteIdentifier(owner)}`];
    });
    return given.length === 0 ? statement : { ...statement, behind: [...(statement.behind ?? []), ...given] };
  };
  return steps.map((step) => ({ ...step, up: { ...step.up, statements: step.up.statements.map(withOwner) } }));
}

/** What goes over to whoever runs the steps, where no owner is kept: "view public.v of app". Pure. */
export function ownersLost(steps: readonly Step[], owners: Owners | undefined): string[] {
  if (owners === undefined || owners.size === 0) return [];
  const anew = new MadeAnew((id) => owners.has(encodeId(id)));
  const remade = steps.flatMap(({ up }) => up.statements.flatMap((statement) => anew.by(statement)));
  const lost = remade.flatMap((id) => {
    const owner = owners.get(encodeId(id));
    const { kind, name } = describe(id);
    return owner === undefined || calledInAlter(id) === undefined ? [] : [`${kind} ${name} of ${owner}`];
  });
  return [...new Set(lost)];
}

/** Of a sequence, the table of the column that it belongs to: both have to have the same owner (manual, CREATE SEQUENCE, OWNED BY). */
function tableOf(id: ObjectId, facts: Facts): ObjectId | undefined {
  const column = id.kind === "sequence" ? facts.get(id)?.payload["ownedBy"] : undefined;
  if (column === undefined || column === null) return undefined;
  const { schema, table } = column as { readonly schema: string; readonly table: string };
  return { kind: "table", schema, name: table };
}

/** What ALTER calls it; undefined for what has no owner of its own. */
function calledInAlter(id: ObjectId): string | undefined {
  const words = WORDS[id.kind];
  if (words === undefined || !("schema" in id) || id.schema === null || !("name" in id)) return undefined;
  return `${words} ${quoteQualified(id.schema, id.name)}${"args" in id ? `(${id.args.join(", ")})` : ""}`;
}

const WORDS: Readonly<Partial<Record<ObjectId["kind"], string>>> = {
  table: "TABLE",
  foreignTable: "FOREIGN TABLE",
  view: "VIEW",
  materializedView: "MATERIALIZED VIEW",
  sequence: "SEQUENCE",
  type: "TYPE",
  domain: "DOMAIN",
  collation: "COLLATION",
  function: "FUNCTION",
  procedure: "PROCEDURE",
  aggregate: "AGGREGATE",
};
