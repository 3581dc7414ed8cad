import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { changesOwner, type Unmodelled } from "../catalogue/unmodelled.ts";

/** The statements for an object or property. */
export interface Ways {
  readonly create: readonly string[];
  /** Takes the object away, or gives the property its default again. */
  readonly drop: readonly string[];
}

/** A definition, and the comment on the object, as a literal. */
function partsOf({ definition: text }: Unmodelled): {
  readonly definition: string;
  readonly comment: string | undefined;
} {
  const [, definition = "", comment] = /^(.*?)(?: COMMENT ( ?E?'(?:[^'\\]|''|\\.)*'))?$/s.exec(text) ?? [];
  return { definition, comment: comment?.trim() };
}

/**
 * Makes an object and drops it; undefined for a property, and for kinds that are written by hand. Pure.
 * @param builder the role that what is made belongs to, as long as nobody says otherwise
 */
export function objectWays(object: Unmodelled, builder: string | undefined): Ways | undefined {
  const what = nameOf(object);
  if (what === undefined) return undefined;
  const { definition, comment } = partsOf(object);
  const { owner } = object;
  return {
    create: [
      ...creation(object, what, definition),
      ...(comment === undefined ? [] : [`COMMENT ON ${what} IS ${comment}`]),
      ...(owner === undefined || owner === builder ? [] : [`ALTER ${what} OWNER TO ${quoteIdentifier(owner)}`]),
    ],
    drop: [`DROP ${what}`],
  };
}

/** What an object is called in DROP and COMMENT ON; undefined for a property. */
export function nameOf({ kind, path }: Unmodelled): string | undefined {
  const [schema = "", name = ""] = path;
  switch (kind) {
    case "cast":
      return `CAST (${schema})`;
    case "operator": {
      const { symbol, left, right } = operatorParts(name);
      return `OPERATOR ${quoteIdentifier(schema)}.${symbol} (${left}, ${right})`;
    }
    case "operator class":
    case "operator family": {
      const [own, method] = splitLast(name, " USING ");
      return `${kind.toUpperCase()} ${quoteQualified(schema, own)} USING ${quoteIdentifier(method)}`;
    }
    case "text search configuration":
    case "text search dictionary":
    case "text search parser":
    case "text search template":
    case "conversion":
      return `${kind.toUpperCase()} ${quoteQualified(schema, name)}`;
    case "statistics object":
      return `STATISTICS ${quoteQualified(schema, name)}`;
    case "base type":
      return `TYPE ${quoteQualified(schema, name)}`;
    case "language":
    case "access method":
      return `${kind.toUpperCase()} ${quoteIdentifier(schema)}`;
    case "transform":
      return `TRANSFORM ${schema}`;
    default:
      return undefined;
  }
}

/** `<<<(s.pair, integer)` */
function operatorParts(name: string): { readonly symbol: string; readonly left: string; readonly right: string } {
  const [, symbol = "", left = "", right = ""] = /^([^\w\s(]+)\((.*), (.*)\)$/s.exec(name) ?? [];
  return { symbol, left, right };
}

function splitLast(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

function creation({ kind, path }: Unmodelled, what: string, definition: string): string[] {
  switch (kind) {
    case "cast":
    case "transform":
      return [kind === "cast" ? `CREATE ${what} ${definition}` : `CREATE ${what} (${definition})`];
    case "operator":
      return [`CREATE ${what.slice(0, what.lastIndexOf(" ("))} (${operatorDefinition(path[1] ?? "", definition)})`];
    case "operator class": {
      const [own] = splitLast(what, " USING ");
      return [`CREATE ${own} ${definition}`];
    }
    case "operator family":
      return [`CREATE ${what}`, ...(definition === "" ? [] : [`ALTER ${what} ADD ${definition}`])];
    case "text search parser":
    case "text search template":
    case "text search dictionary":
      return [`CREATE ${what} (${definition})`];
    case "text search configuration":
      return configuration(what, definition);
    case "statistics object": {
      const [, create = "", target] = /^(.*?)(?: SET STATISTICS (\d+))?$/s.exec(definition) ?? [];
      return [create, ...(target === undefined ? [] : [`ALTER ${what} SET STATISTICS ${target}`])];
    }
    case "base type":
      return [`CREATE ${what}${definition === SHELL ? "" : ` (${definition})`}`];
    case "language":
      return [
        `CREATE ${definition.startsWith("TRUSTED ") ? "TRUSTED " : ""}${what} ${definition.replace(/^TRUSTED /, "")}`,
      ];
    case "access method":
      return [`CREATE ${what} ${definition}`];
    case "conversion": {
      const [, isDefault = "", from = "", to = "", by = ""] =
        /^(DEFAULT )?FOR (\S+) TO (\S+) FROM (.*)$/s.exec(definition) ?? [];
      return [`CREATE ${isDefault}${what} FOR ${quoteLiteral(from)} TO ${quoteLiteral(to)} FROM ${by}`];
    }
    default:
      return [];
  }
}

/** A type that is only a name, so that the functions that make it one can be written. */
export const SHELL = "SHELL";

/** Another operator is named with its types in a definition, and without them in the statement. */
function operatorDefinition(name: string, definition: string): string {
  const { left, right } = operatorParts(name);
  const parts = definition.replaceAll(
    /\b(COMMUTATOR|NEGATOR) = ((?:(?:\w+|"(?:[^"]|"")+")\.)?[^\w\s("]+)\([^)]*\)/g,
    "$1 = OPERATOR($2)",
  );
  return [parts, ...(left === "NONE" ? [] : [`LEFTARG = ${left}`]), `RIGHTARG = ${right}`].join(", ");
}

/** `PARSER = name, token = dictionaries, ...` */
function configurationParts(definition: string): {
  readonly parser: string;
  readonly tokens: ReadonlyMap<string, string>;
} {
  const [parser = "", ...tokens] = definition.split(", ");
  return { parser, tokens: new Map(tokens.map((token) => token.split(" = ") as [string, string])) };
}

function configuration(what: string, definition: string): string[] {
  const { parser, tokens } = configurationParts(definition);
  return [`CREATE ${what} (${parser})`, ...mappings(what, "ADD", [...tokens])];
}

/** Tokens with the same dictionaries are one statement. */
function mappings(what: string, verb: "ADD" | "ALTER", tokens: readonly (readonly [string, string])[]): string[] {
  return [...Map.groupBy(tokens, ([, dictionaries]) => dictionaries)].map(
    ([dictionaries, all]) =>
      `ALTER ${what} ${verb} MAPPING FOR ${all.map(([token]) => token).join(", ")} WITH ${dictionaries.split(" ").join(", ")}`,
  );
}

/** Whether they differ in a comment or an owner only. */
export function isDefinedAlike(from: Unmodelled, to: Unmodelled): boolean {
  return partsOf(from).definition === partsOf(to).definition;
}

/** Changes an object; drops it and makes it anew where there is no other way. Pure. */
export function objectChange(
  from: Unmodelled,
  to: Unmodelled,
  builder: string | undefined,
): readonly string[] | undefined {
  const what = nameOf(to);
  if (what === undefined) return undefined;
  const [before, after] = [partsOf(from), partsOf(to)];
  const owner = to.owner === builder ? "CURRENT_USER" : quoteIdentifier(to.owner ?? "");
  const rest = [
    ...(before.comment === after.comment ? [] : [`COMMENT ON ${what} IS ${after.comment ?? "NULL"}`]),
    ...(changesOwner(from, to) ? [`ALTER ${what} OWNER TO ${owner}`] : []),
  ];
  if (isDefinedAlike(from, to)) return rest;
  const altered = alteration(from.kind, what, before.definition, after.definition);
  return altered === undefined ? [`DROP ${what}`, ...(objectWays(to, builder)?.create ?? [])] : [...altered, ...rest];
}

/** Changes an object that others may need; undefined where it has to be made anew. */
function alteration(kind: string, what: string, from: string, to: string): readonly string[] | undefined {
  switch (kind) {
    case "language":
      return [`CREATE OR REPLACE ${to.startsWith("TRUSTED ") ? "TRUSTED " : ""}${what} ${to.replace(/^TRUSTED /, "")}`];
    case "transform":
      return [`CREATE OR REPLACE ${what} (${to})`];
    case "statistics object": {
      const [, before] = /^(.*?)(?: SET STATISTICS \d+)?$/s.exec(from) ?? [];
      const [, after, target = "-1"] = /^(.*?)(?: SET STATISTICS (\d+))?$/s.exec(to) ?? [];
      return before === after ? [`ALTER ${what} SET STATISTICS ${target}`] : undefined;
    }
    case "operator": {
      const [before, after] = [from, to].map(estimators);
      if (before!.rest !== after!.rest) return undefined;
      return [`ALTER ${what} SET (RESTRICT = ${after!.restrict}, JOIN = ${after!.join})`];
    }
    case "operator family": {
      const [before, after] = [from, to].map((text) => (text === "" ? [] : text.split(MEMBER)));
      const [gone, added] = [
        before!.filter((one) => !after!.includes(one)),
        after!.filter((one) => !before!.includes(one)),
      ];
      return [
        ...(gone.length === 0 ? [] : [`ALTER ${what} DROP ${gone.map(memberName).join(", ")}`]),
        ...(added.length === 0 ? [] : [`ALTER ${what} ADD ${added.join(", ")}`]),
      ];
    }
    case "text search dictionary": {
      const [before, after] = [from, to].map(dictionaryOptions);
      if (before!.get("TEMPLATE") !== after!.get("TEMPLATE")) return undefined;
      const changed = [...after!].filter(([name, value]) => before!.get(name) !== value);
      const gone = [...before!.keys()].filter((name) => !after!.has(name));
      return [`ALTER ${what} (${[...gone, ...changed.map((option) => option.join(" = "))].join(", ")})`];
    }
    case "text search configuration": {
      const [before, after] = [configurationParts(from), configurationParts(to)];
      if (before.parser !== after.parser) return undefined;
      const gone = [...before.tokens.keys()].filter((token) => !after.tokens.has(token));
      const differing = [...after.tokens].filter(([token, dictionaries]) => before.tokens.get(token) !== dictionaries);
      const [altered, added] = [true, false].map((known) =>
        differing.filter(([token]) => before.tokens.has(token) === known),
      );
      return [
        ...(gone.length === 0 ? [] : [`ALTER ${what} DROP MAPPING FOR ${gone.join(", ")}`]),
        ...mappings(what, "ALTER", altered!),
        ...mappings(what, "ADD", added!),
      ];
    }
    default:
      return undefined;
  }
}

/** What ALTER OPERATOR can set, and the rest. */
function estimators(definition: string): { readonly rest: string; readonly restrict: string; readonly join: string } {
  const [, restrict = "NONE"] = /, RESTRICT = ([^,]+)/.exec(definition) ?? [];
  const [, join = "NONE"] = /, JOIN = ([^,]+)/.exec(definition) ?? [];
  return { rest: definition.replaceAll(/, (RESTRICT|JOIN) = [^,]+/g, ""), restrict, join };
}

const MEMBER = /, (?=OPERATOR |FUNCTION )/;

/** `OPERATOR 1 <(integer,integer)` is dropped as `OPERATOR 1 (integer,integer)`, a function without its name. */
function memberName(member: string): string {
  if (member.startsWith("FUNCTION ")) return member.slice(0, member.indexOf(") ") + 1);
  return member.replace(/^(OPERATOR \d+) .*?(\([^)]*\))(?: FOR ORDER BY .*)?$/s, "$1 $2");
}

/** `TEMPLATE = name, option = 'value', ...` */
function dictionaryOptions(definition: string): Map<string, string> {
  const options = definition.matchAll(/(?:^|, )(\w+|"(?:[^"]|"")+") = ((?: ?E)?'(?:[^'\\]|''|\\.)*'|[^,]+)/g);
  return new Map([...options].map(([, name = "", value = ""]) => [name, value]));
}
