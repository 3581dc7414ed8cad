import type { FactBase } from "@supabase/pg-delta/core";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { FolderKind } from "./layout.ts";
import type { Unmodelled } from "../catalogue/unmodelled.ts";

/** The statements for what pg-delta does not model, made from its definition. */
export interface UnmodelledStatements {
  readonly statements: readonly string[];
  /** The file that they go into; undefined for that of the table or view they belong to. */
  readonly home: { readonly folder: FolderKind; readonly name: string } | undefined;
  /** The order within a file. */
  readonly rank: number;
}

/** undefined for kinds that are to be written by hand. Pure. */
export function statementsFor(object: Unmodelled, to: FactBase): UnmodelledStatements | undefined {
  const { kind, path, relation } = object;
  const [schema = "", name = ""] = path;
  const [, definition = "", comment] = /^(.*?)(?: COMMENT (E?'(?:[^'\\]|''|\\.)*'))?$/s.exec(object.definition) ?? [];
  const here = (...statements: readonly string[]): UnmodelledStatements => ({ statements, home: undefined, rank: 0 });
  const made = (what: string, home: UnmodelledStatements["home"], rank: number, ...statements: readonly string[]) => ({
    statements: comment === undefined ? statements : [...statements, `COMMENT ON ${what} IS ${comment}`],
    home,
    rank,
  });
  switch (kind) {
    case "cast":
      return made(
        `CAST (${path[0]})`,
        { folder: "functions", name: "casts" },
        0,
        `CREATE CAST (${path[0]}) ${definition}`,
      );
    case "operator":
      return operator(made);
    case "text search dictionary": {
      const what = `TEXT SEARCH DICTIONARY ${quoteQualified(schema, name)}`;
      return made(what, TEXT_SEARCH, 0, `CREATE ${what} (${definition})`);
    }
    case "text search configuration": {
      const what = `TEXT SEARCH CONFIGURATION ${quoteQualified(schema, name)}`;
      return made(what, TEXT_SEARCH, 1, ...configuration(what, definition));
    }
    case "statistics object": {
      const what = `STATISTICS ${quoteQualified(schema, name)}`;
      const [, create = "", target] = /^(.*?)(?: SET STATISTICS (\d+))?$/s.exec(definition) ?? [];
      const alter = target === undefined ? [] : [`ALTER ${what} SET STATISTICS ${target}`];
      return made(what, undefined, 0, create, ...alter);
    }
  }
  if (kind === "sequence persistence") return here(`ALTER SEQUENCE ${quoteQualified(schema, name)} SET ${definition}`);
  if (relation === undefined) return undefined;
  const isForeign = to.has({ kind: "foreignTable", ...relation });
  const isView = to.has({ kind: "view", ...relation });
  const type = to.has({ kind: "materializedView", ...relation }) ? "MATERIALIZED VIEW" : isView ? "VIEW" : "TABLE";
  const alter = `ALTER ${isForeign ? "FOREIGN TABLE" : type} ${quoteQualified(relation.schema, relation.name)}`;
  const part = quoteIdentifier(path[2] ?? "");
  const column = `${alter} ALTER COLUMN ${part}`;
  switch (kind) {
    case "storage":
      return here(`${column} SET STORAGE ${definition}`);
    case "compression":
      return here(`${column} SET COMPRESSION ${definition}`);
    case "statistics target":
      return to.has({ kind: "index", ...relation }) ? undefined : here(`${column} SET STATISTICS ${definition}`);
    case "column options":
      return isForeign ? undefined : here(`${column} SET (${definition})`);
    case "default":
      return here(`${only(alter)} ALTER COLUMN ${part} ${setDefault(object.definition)}`);
    case "comment":
      return here(
        `COMMENT ON COLUMN ${quoteQualified(relation.schema, relation.name)}.${part} IS ${quoteLiteral(object.definition)}`,
      );
    case "column grants":
      return here(...grants(part, quoteQualified(relation.schema, relation.name), definition));
    case "toast options":
      return here(`${alter} SET (${definition.replaceAll(/(^|, )/g, "$1toast.")})`);
    case "further parents":
      return here(...definition.split(", ").map((parent) => `${alter} INHERIT ${parent}`));
    case "table type":
      return here(`${alter} ${definition}`);
    case "clustered index":
      return here(`${alter} CLUSTER ON ${quoteIdentifier(definition)}`);
    default:
      return undefined;
  }

  function operator(make: typeof made): UnmodelledStatements | undefined {
    const [, symbol, left = "", right = ""] = /^([^\w\s(]+)\((.*), (.*)\)$/.exec(name) ?? [];
    if (symbol === undefined) return undefined;
    const qualified = `${quoteIdentifier(schema)}.${symbol}`;
    // Another operator is named with its types here, and without them in the statement.
    const parts = definition.replaceAll(
      /\b(COMMUTATOR|NEGATOR) = ((?:[\w"]+\.)?[^\w\s(]+)\([^)]*\)/g,
      "$1 = OPERATOR($2)",
    );
    const types = [...(left === "NONE" ? [] : [`LEFTARG = ${left}`]), `RIGHTARG = ${right}`];
    return make(
      `OPERATOR ${qualified} (${left}, ${right})`,
      { folder: "functions", name: "operators" },
      0,
      `CREATE OPERATOR ${qualified} (${[parts, ...types].join(", ")})`,
    );
  }
}

/** A partition's default is its own, whatever its partitions have. */
function only(alter: string): string {
  return alter.replace(/^ALTER TABLE /, "ALTER TABLE ONLY ");
}

function setDefault(expression: string): string {
  return expression === "none" ? "DROP DEFAULT" : `SET DEFAULT ${expression}`;
}

/** `SELECT TO role WITH GRANT OPTION, ...` */
function grants(column: string, relation: string, definition: string): string[] {
  return definition.split(", ").map((grant) => {
    const [, privilege = "", role = "", option = ""] = /^(\w+) TO (.*?)( WITH GRANT OPTION)?$/s.exec(grant) ?? [];
    const grantee = role === "PUBLIC" ? role : quoteIdentifier(role);
    return `GRANT ${privilege} (${column}) ON ${relation} TO ${grantee}${option}`;
  });
}

const TEXT_SEARCH = { folder: "common", name: "text_search" } as const;

/** `PARSER = name, token = dictionaries, ...`: tokens with the same dictionaries are one statement. */
function configuration(what: string, definition: string): string[] {
  const [parser = "", ...mappings] = definition.split(", ");
  const tokens = mappings.map((mapping) => mapping.split(" = ") as [string, string]);
  return [
    `CREATE ${what} (${parser})`,
    ...[...Map.groupBy(tokens, ([, dictionaries]) => dictionaries)].map(
      ([dictionaries, all]) =>
        `ALTER ${what} ADD MAPPING FOR ${all.map(([token]) => token).join(", ")} WITH ${dictionaries.split(" ").join(", ")}`,
    ),
  ];
}
