import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Fact } from "../engine/facts.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import { inherited } from "./inherited.ts";
import { type Extra, kind, type Side } from "./kind.ts";

/** A check or foreign key that a partition or child has from its parent, and whose rows there nobody has looked at. */
export const constraintValidity = kind<object>({
  query: {
    path: "array[r.nspname, r.relname, conname]",
    relation: "r.oid",
    payload: "",
    // A reference to a partitioned table has a row for each of its partitions, which is no constraint of its own; and what is not
    // enforced (since PostgreSQL 18) is never valid.
    from: `from relation r join pg_constraint c on conrelid = r.oid
      where not convalidated and not conislocal and coalesce((to_jsonb(c) ->> 'conenforced')::bool, true) and (contype = 'c' or contype = 'f' and exists (
        select from pg_constraint p where p.oid = c.conparentid and p.conrelid <> c.conrelid))`,
  },
  text: () => "NOT VALID",
  statements: {
    // What comes to be NOT VALID for the parent is so for those that are there.
    create: (extra, side, before) => (isThere(extra, before) || isEmpty(before) ? unvalidated(extra, side) : []),
    reset: (extra, side) => {
      const origin = inherited("constraint", extra, side);
      if (origin?.payload["validated"] !== false) return [];
      const reason = origin.payload["type"] === "f" ? "foreign-key" : "check";
      return [
        {
          sql: validate(extra),
          rows: { code: "ROWS", reason },
        },
      ];
    },
  },
});

function validate(extra: Extra): string {
  return `${alterTable(extra)} VALIDATE CONSTRAINT ${quoteIdentifier(extra.path[2] ?? "")}`;
}

/**
 * Statements for partitions and children whose own rows have passed a constraint that is NOT VALID for their parent: it becomes so for them
 * as well where the parent gets it after them. Pure.
 */
export function validateBelow(side: Side): string[] {
  const facts = side.facts.facts();
  const unchecked = new Set(
    side.extras.flatMap(({ kind: name, path }) => (name === KIND ? [JSON.stringify(path)] : [])),
  );
  const names = new Set(
    facts.flatMap(({ id, payload }) => (id.kind === "constraint" && payload["validated"] === false ? [id.name] : [])),
  );
  return facts.flatMap(({ id }): string[] => {
    if (id.kind !== "table" || parentTable(side.facts, id) === undefined) return [];
    const relation = { schema: id.schema, name: id.name };
    return [...names].flatMap((name) => {
      const extra = { kind: KIND, path: [id.schema, id.name, name], relation, payload: {} };
      const origin = inherited("constraint", extra, side);
      const isOwn = side.facts.has({ kind: "constraint", schema: id.schema, table: id.name, name });
      if (origin?.payload["validated"] !== false || isOwn || unchecked.has(JSON.stringify(extra.path))) return [];
      return textOf(side.facts, origin.id, "def")?.endsWith(" NO INHERIT") === true ? [] : [validate(extra)];
    });
  });
}

/** As the registry has it. */
const KIND = "constraint validity";

function isThere(extra: Extra, before: Side): boolean {
  return (
    before.facts.has({ kind: "table", ...extra.relation! }) && inherited("constraint", extra, before) !== undefined
  );
}

function isEmpty({ facts }: Side): boolean {
  return !facts.facts().some(({ id }) => id.kind === "table");
}

/** PostgreSQL has no statement for it: the constraint is made anew, by a partition alone or, with a parent, by all children. */
function unvalidated(extra: Extra, { facts }: Side): string[] {
  const origin = inherited("constraint", extra, { facts });
  const child = { kind: "table" as const, ...extra.relation! };
  const [parent, bound] = [parentTable(facts, child), textOf(facts, child, "partitionBound")];
  if (origin === undefined || parent === undefined) return [];
  const name = quoteIdentifier(extra.path[2] ?? "");
  const anew = (table: string): string[] => [
    `${table} DROP CONSTRAINT ${name}`,
    `${table} ADD CONSTRAINT ${name} ${textOf(facts, origin.id, "def") ?? ""} NOT VALID`,
  ];
  if (bound === undefined) return anew(alterParent(origin));
  const [alter, partition] = [
    `ALTER TABLE ${quoteQualified(parent.schema, parent.name)}`,
    quoteQualified(child.schema, child.name),
  ];
  return [
    `${alter} DETACH PARTITION ${partition}`,
    ...anew(alterTable(extra)),
    `${alter} ATTACH PARTITION ${partition} ${bound}`,
  ];
}

function alterTable({ relation }: Extra): string {
  return `ALTER TABLE ${quoteQualified(relation!.schema, relation!.name)}`;
}

function alterParent({ id }: Fact): string {
  return id.kind === "constraint" ? `ALTER TABLE ${quoteQualified(id.schema, id.table)}` : "";
}
