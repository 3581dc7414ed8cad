import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { parentTable } from "../catalogue/facts.ts";
import type { Unmodelled } from "../catalogue/unmodelled.ts";
import { NOT_NULL, notNullChange } from "./not-null.ts";
import type { Ways } from "./unmodelled-objects.ts";

/** What is to be there, or was. */
type Side = Pick<Catalogue, "facts" | "unmodelled">;

/** Sets a property of a table, column or the like, and gives it its default again; undefined where that is done by hand. Pure. */
export function propertyWays(object: Unmodelled, side: Side): Ways | undefined {
  const { facts } = side;
  const { kind, path, definition } = object;
  if (kind === "language grants") return languageGrants(path[0] ?? "", definition);
  if (kind === "sequence grants") return sequenceGrants(path, definition);
  const relation = object.relation;
  if (relation === undefined) return undefined;
  const table = alterRelation(relation, facts);
  const name = quoteQualified(relation.schema, relation.name);
  const part = quoteIdentifier(path[2] ?? "");
  const column = `${table} ALTER COLUMN ${part}`;
  const ways = (create: string | readonly string[], drop: string | readonly string[]): Ways => ({
    create: typeof create === "string" ? [create] : create,
    drop: typeof drop === "string" ? [drop] : drop,
  });
  switch (kind) {
    case "storage":
      return ways(`${column} SET STORAGE ${definition}`, `${column} SET STORAGE ${usualStorage(object, facts)}`);
    case "compression":
      return ways(`${column} SET COMPRESSION ${definition}`, `${column} SET COMPRESSION default`);
    case "statistics target":
      return ways(`${column} SET STATISTICS ${definition}`, `${column} SET STATISTICS -1`);
    case "column options":
      return ways(`${column} SET (${definition})`, `${column} RESET (${namesOf(definition).join(", ")})`);
    case "foreign column options":
      return ways(...foreignOptions(column, new Map(), foreignOptionsOf(definition)));
    case "default": {
      // One that the planner knows of.
      if (facts.has({ kind: "column", schema: relation.schema, table: relation.name, name: path[2] ?? "" }))
        return ways([], []);
      const target = `${table.replace(/^ALTER TABLE /, "ALTER TABLE ONLY ")} ALTER COLUMN ${part}`;
      const usual = inheritedDefault(relation, path[2] ?? "", side);
      return ways(
        `${target} ${definition === "none" ? "DROP DEFAULT" : `SET DEFAULT ${definition}`}`,
        `${target} ${usual === undefined ? "DROP DEFAULT" : `SET DEFAULT ${usual}`}`,
      );
    }
    case "comment":
      return commentWays(`COLUMN ${name}.${part}`, definition);
    case "column grants":
      return ways(grants(`(${part}) ON ${name}`, definition), revocations(`(${part}) ON ${name}`, definition));
    case "not null": {
      const required = inherited({ kind: "column", ...placeOf(relation, path) }, facts)?.payload["notNull"] === true;
      const ofKey = isOfPrimaryKey(relation, path[2] ?? "", facts);
      return ways(ofKey ? [] : `${column} SET NOT NULL`, required ? [] : `${column} DROP NOT NULL`);
    }
    case NOT_NULL:
      return ways(notNullChange(undefined, object, { facts, unmodelled: [] }).last, []);
    case "trigger state": {
      const usual = inherited({ kind: "trigger", ...placeOf(relation, path) }, facts)?.payload["enabled"];
      const back = typeof usual === "string" ? [`${table} ${TRIGGER_STATES[usual]} TRIGGER ${part}`] : [];
      return ways(`${table} ${definition} TRIGGER ${part}`, back);
    }
    case "index options": {
      const [own, usual] = optionsOfIndex(definition);
      const index = `ALTER INDEX ${quoteQualified(relation.schema, path[2] ?? "")}`;
      return ways(otherOptions(index, usual, own), otherOptions(index, own, usual));
    }
    case "index comment":
      return commentWays(`INDEX ${quoteQualified(relation.schema, path[2] ?? "")}`, definition);
    case "sequence comment":
      return commentWays(`SEQUENCE ${quoteQualified(path[0], path[1] ?? "")}`, definition);
    case "toast options": {
      const toast = namesOf(definition).map((option) => `toast.${option}`);
      return ways(
        `${table} SET (${definition.replaceAll(/(^|, )/g, "$1toast.")})`,
        `${table} RESET (${toast.join(", ")})`,
      );
    }
    case "further parents": {
      const parents = definition.split(", ");
      return ways(
        parents.map((parent) => `${table} INHERIT ${parent}`),
        parents.map((parent) => `${table} NO INHERIT ${parent}`),
      );
    }
    case "partitioned index":
      return ways(attachedIndexes(definition), []);
    case "table access method":
      return ways(`${table} SET ACCESS METHOD ${quoteIdentifier(definition)}`, `${table} SET ACCESS METHOD heap`);
    case "table type":
      return ways(`${table} ${definition}`, `${table} NOT OF`);
    case "clustered index":
      return ways(`${table} CLUSTER ON ${quoteIdentifier(definition)}`, `${table} SET WITHOUT CLUSTER`);
    case "sequence persistence":
      return ways(`${table} SET ${definition}`, `${table} SET ${definition === "LOGGED" ? "UNLOGGED" : "LOGGED"}`);
    default:
      return undefined;
  }
}

function commentWays(on: string, text: string): Ways {
  return { create: [`COMMENT ON ${on} IS ${quoteLiteral(text).trim()}`], drop: [`COMMENT ON ${on} IS NULL`] };
}

/** `not on all partitions; statement; statement ...` */
function attachedIndexes(definition: string): string[] {
  return definition.split(";\n").slice(1);
}

/**
 * Brings an index of a partitioned table to some partitions or to all; no statements for the index of a constraint. Pure.
 */
export function partitionedIndexChange(
  from: Unmodelled | undefined,
  to: Unmodelled | undefined,
  facts: Facts,
): readonly string[] {
  const relation = (from ?? to)!.relation!;
  const [before, after] = [from, to].map((side) => (side === undefined ? undefined : attachedIndexes(side.definition)));
  if (before !== undefined && after !== undefined && before.every((sql) => after.includes(sql))) {
    return after.filter((sql) => !before.includes(sql));
  }
  const definition = facts.get({ kind: "index", ...relation })?.payload["def"];
  if (typeof definition !== "string") return [];
  const create = after === undefined ? definition.replace(" ON ONLY ", " ON ") : definition;
  return [`DROP INDEX ${quoteQualified(relation.schema, relation.name)}`, create, ...(after ?? [])];
}

/** Changes a property. Pure. */
export function propertyChange(from: Unmodelled, to: Unmodelled, side: Side): readonly string[] {
  const { facts } = side;
  const { create } = propertyWays(to, side) ?? { create: [] };
  const before = propertyWays(from, side);
  switch (to.kind) {
    // Setting some leaves the others.
    case "column grants":
    case "language grants":
    case "sequence grants":
    case "further parents":
      return [...(before?.drop ?? []), ...create];
    case "foreign column options": {
      const [wanted, there] = [to, from].map(({ definition }) => foreignOptionsOf(definition));
      const { schema, name } = to.relation!;
      const column = `${alterRelation({ schema, name }, facts)} ALTER COLUMN ${quoteIdentifier(to.path[2] ?? "")}`;
      return [foreignOptions(column, there!, wanted!)[0]];
    }
    case "index options": {
      const [[there], [wanted]] = [optionsOfIndex(from.definition), optionsOfIndex(to.definition)];
      return otherOptions(`ALTER INDEX ${quoteQualified(to.relation!.schema, to.path[2] ?? "")}`, there, wanted);
    }
    case "column options":
    case "toast options": {
      const gone = namesOf(from.definition).filter((name) => !namesOf(to.definition).includes(name));
      if (gone.length === 0) return create;
      const left = propertyWays({ ...from, definition: gone.map((name) => `${name}=`).join(", ") }, side);
      return [...(left?.drop ?? []), ...create];
    }
    default:
      return create;
  }
}

/** `name 'value', ...` */
function foreignOptionsOf(definition: string): Map<string, string> {
  const options = definition.matchAll(/(?:^|, )("(?:[^"]|"")+"|\w+) ( ?E?'(?:[^'\\]|''|\\.)*')/g);
  return new Map([...options].map(([, name = "", value = ""]) => [name, value]));
}

/** The statements that turn some options of a foreign table's column into others, and back. */
function foreignOptions(
  column: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): [to: string, back: string] {
  const alter = (from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): string => {
    const gone = [...from.keys()].filter((name) => !to.has(name)).map((name) => `DROP ${name}`);
    const set = [...to].filter(([name, value]) => from.get(name) !== value);
    return `${column} OPTIONS (${[...gone, ...set.map(([name, value]) => `${from.has(name) ? "SET" : "ADD"} ${name} ${value}`)].join(", ")})`;
  };
  return [alter(before, after), alter(after, before)];
}

/** `fillfactor=70, ... instead of none`: its own, and those of the index of the partitioned table that it comes from. */
function optionsOfIndex(definition: string): readonly [own: string, usual: string] {
  const [own = NO_OPTIONS, usual = NO_OPTIONS] = definition.split(" instead of ");
  return [own, usual];
}

const NO_OPTIONS = "none";

function otherOptions(alter: string, before: string, after: string): string[] {
  const [there, wanted] = [before, after].map((options) => (options === NO_OPTIONS ? [] : namesOf(options)));
  const gone = there!.filter((name) => !wanted!.includes(name));
  return [
    ...(gone.length === 0 ? [] : [`${alter} RESET (${gone.join(", ")})`]),
    ...(wanted!.length === 0 ? [] : [`${alter} SET (${after})`]),
  ];
}

/** `n_distinct=5, ...` */
function namesOf(options: string): string[] {
  return options.split(", ").map((option) => option.split("=", 1)[0]!);
}

function alterRelation(relation: NonNullable<Unmodelled["relation"]>, facts: Facts): string {
  const words = {
    materializedView: "MATERIALIZED VIEW",
    foreignTable: "FOREIGN TABLE",
    view: "VIEW",
    index: "INDEX",
    sequence: "SEQUENCE",
  };
  const kind = (Object.keys(words) as (keyof typeof words)[]).find((each) => facts.has({ kind: each, ...relation }));
  return `ALTER ${kind === undefined ? "TABLE" : words[kind]} ${quoteQualified(relation.schema, relation.name)}`;
}

/** By type (pg_type.typstorage); the few that are neither kept apart nor compressed have no other. */
function usualStorage({ relation, path }: Unmodelled, facts: Facts): string {
  const column: ObjectId = { kind: "column", schema: relation!.schema, table: relation!.name, name: path[2] ?? "" };
  const type = facts.get(column)?.payload["type"];
  return typeof type === "string" && /^(numeric|inet|cidr)\b(?!.*\[\])/.test(type) ? "MAIN" : "EXTENDED";
}

/** By pg_trigger.tgenabled. */
const TRIGGER_STATES: Readonly<Record<string, string>> = {
  O: "ENABLE",
  D: "DISABLE",
  R: "ENABLE REPLICA",
  A: "ENABLE ALWAYS",
};

interface Part {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function placeOf({ schema, name }: NonNullable<Unmodelled["relation"]>, path: Unmodelled["path"]): Part {
  return { schema, table: name, name: path[2] ?? "" };
}

function parentOf({ schema, table }: Part, facts: Facts): NonNullable<Unmodelled["relation"]> | undefined {
  return parentTable(facts, { kind: "table", schema, name: table });
}

/** The column or trigger that a child or partition has it from. */
function inherited(part: Part & { readonly kind: "column" | "trigger" }, facts: Facts): Fact | undefined {
  const parent = parentOf(part, facts);
  if (parent === undefined) return undefined;
  const own = { ...part, schema: parent.schema, table: parent.name };
  return facts.get(own) ?? inherited(own, facts);
}

/** The default that a child or partition has from its parent. */
function inheritedDefault(
  relation: NonNullable<Unmodelled["relation"]>,
  column: string,
  side: Side,
): string | undefined {
  const { facts, unmodelled } = side;
  const parent = parentOf({ schema: relation.schema, table: relation.name, name: column }, facts);
  if (parent === undefined) return undefined;
  const own = { schema: parent.schema, table: parent.name, name: column };
  // The parent may itself be a partition, with another default than its parent's, or none.
  const other = unmodelled.find(
    ({ kind, path }) => kind === "default" && Bun.deepEquals(path, [own.schema, own.table, own.name]),
  );
  if (other !== undefined) return other.definition === "none" ? undefined : other.definition;
  const expression = facts.get({ kind: "default", ...own })?.payload["expr"];
  if (typeof expression === "string") return expression;
  return facts.has({ kind: "column", ...own }) ? undefined : inheritedDefault(parent, column, side);
}

/** A primary key of its own takes care of NOT NULL. */
function isOfPrimaryKey(relation: NonNullable<Unmodelled["relation"]>, column: string, facts: Facts): boolean {
  return facts.childrenOf({ kind: "table", ...relation }).some(({ id, payload }) => {
    if (id.kind !== "constraint" || payload["type"] !== "p" || typeof payload["def"] !== "string") return false;
    const columns = /\((.*?)\)/.exec(payload["def"])?.[1]?.split(", ") ?? [];
    return columns.includes(column) || columns.includes(quoteIdentifier(column));
  });
}

/** `SELECT TO role WITH GRANT OPTION, ...` */
function grantParts(
  definition: string,
): { readonly privilege: string; readonly grantee: string; readonly option: string }[] {
  return definition.split(", ").map((grant) => {
    const [, privilege = "", role = "", option = ""] = /^(\w+) TO (.*?)( WITH GRANT OPTION)?$/s.exec(grant) ?? [];
    return { privilege, grantee: role === "PUBLIC" ? role : quoteIdentifier(role), option };
  });
}

function grants(on: string, definition: string): string[] {
  return grantParts(definition).map(
    ({ privilege, grantee, option }) => `GRANT ${privilege} ${on} TO ${grantee}${option}`,
  );
}

function revocations(on: string, definition: string): string[] {
  return [...new Set(grantParts(definition).map(({ grantee }) => `REVOKE ALL ${on} FROM ${grantee}`))];
}

/** `SELECT, USAGE WITH GRANT OPTION`, by role */
function sequenceGrants([schema = "", name = "", role = ""]: Unmodelled["path"], definition: string): Ways {
  const on = `ON SEQUENCE ${quoteQualified(schema, name)}`;
  const granted = definition.split(", ").map((right) => right.replace(/^\w+/, `$& TO ${role}`));
  return { create: grants(on, granted.join(", ")), drop: revocations(on, granted.join(", ")) };
}

/** Everybody may use a language that nobody has said anything about. */
function languageGrants(language: string, definition: string): Ways {
  const on = `ON LANGUAGE ${quoteIdentifier(language)}`;
  const wanted = definition === "" ? [] : grants(on, definition);
  return {
    create: [`REVOKE ALL ${on} FROM PUBLIC`, ...wanted],
    drop: [...(definition === "" ? [] : revocations(on, definition)), `GRANT USAGE ${on} TO PUBLIC`],
  };
}
