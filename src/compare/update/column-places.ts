import { inside, type Node, offsetOfByte, type RangeVar, strings } from "#sql/parser.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import type { Token } from "#sql/lexer/tokens.ts";
import { isSame, type Subject } from "../sources/subjects.ts";
import { ColumnUses, type Holding, type Source } from "./column-uses.ts";
import { columnOfCommand } from "../sources/readings.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/**
 * Which tokens with the name of a column are that column, and which are something else; not in the map is what is known of
 * none. Undefined where a statement cannot be read that far.
 */
export function columnPlaces(
  tree: SchemaTree,
  sentence: Sentence,
  column: Subject,
  tokens: readonly Token[],
): ReadonlyMap<Token, boolean> | undefined {
  const { node, start, statement } = sentence;
  if (node === undefined) return undefined;
  const uses = new ColumnUses(column.name, (table) => holdingOf(tree, column, sentence, table));
  const found = uses.read(node, sourcesAround(tree, column, sentence));
  if (found === undefined) return undefined;
  const places = new Map<Token, boolean>();
  for (const { location, parts, isIt } of found) {
    const at = start + offsetOfByte(statement.text, location);
    const first = tokens.findIndex((token) => token.start === at);
    const token = first < 0 ? undefined : tokens[first + 2 * (parts - 1)];
    if (token !== undefined) places.set(token, isIt);
  }
  if (!QUERIES.some((name) => name in node)) return places;
  // What is left in queries is what something is called there, or stands where the parser tells no place.
  for (const [index, token] of tokens.entries())
    if (!places.has(token) && !isUnplaced(tokens, index)) places.set(token, false);
  return places;
}

const QUERIES = ["ViewStmt", "CreateTableAsStmt", "CreateFunctionStmt", "CreatePolicyStmt", "RuleStmt"];

/** `(t).a`, and the columns behind ON CONFLICT. */
function isUnplaced(tokens: readonly Token[], index: number): boolean {
  if (tokens[index - 1]?.text === ".") return tokens[index - 2]?.text === ")";
  const { depth } = tokens[index]!;
  const open = tokens.findLastIndex(({ kind, depth: own }, at) => at < index && kind === TokenKind.open && own < depth);
  return tokens[open - 1]?.text.toUpperCase() === "CONFLICT";
}

/** What names of columns stand for outside of queries. */
function sourcesAround(tree: SchemaTree, column: Subject, { node, reading }: Sentence): readonly Source[] | undefined {
  const { makes, about = [] } = reading ?? {};
  const table = [...(makes === undefined ? [] : [makes]), ...about].find(
    ({ kind, schema, name }) =>
      kind === "relation" &&
      !(node !== undefined && "IndexStmt" in node && makes?.name === name && makes.schema === schema),
  );
  if (node === undefined) return undefined;
  if (QUERIES.slice(0, 3).some((name) => name in node)) return [];
  if (table === undefined) return undefined;
  const holding = holdingIn(tree, column, table);
  if ("RuleStmt" in node || "CreateTrigStmt" in node)
    return ["new", "old"].map((name) => ({ name, holding, isNamed: true }));
  return [{ name: table.name, schema: table.schema, holding }];
}

function holdingOf(tree: SchemaTree, column: Subject, { path }: Sentence, range: RangeVar): Holding {
  const { schemaname, relname: name = "" } = range;
  const find = (schema: string): boolean => tree.maker({ kind: "relation", schema, name }) !== undefined;
  const schema = schemaname ?? path.find(find);
  // What no file makes may be everything, but for the table.
  if (schema === undefined) return name === column.of ? "it" : "unknown";
  return holdingIn(tree, column, { kind: "relation", schema, name });
}

/** What a table or view of the files has under the column's name. */
function holdingIn(tree: SchemaTree, column: Subject, table: Subject): Holding {
  const { schema, of = "", name } = column;
  if (isSame(table, { kind: "relation", schema, name: of })) return "it";
  const maker = tree.maker(table);
  const view = inside(maker?.node, "ViewStmt");
  const filled = inside(maker?.node, "CreateTableAsStmt");
  if (maker !== undefined && (view ?? filled) !== undefined) {
    const names = strings(view?.aliases ?? filled?.into?.colNames);
    if (names.includes(name)) return "other";
    const uses = new ColumnUses(name, (each) => holdingOf(tree, column, maker, each));
    return names.length > 0 ? "unknown" : uses.returned(view?.query ?? filled?.query);
  }
  const create = inside(maker?.node, "CreateStmt") ?? inside(maker?.node, "CreateForeignTableStmt")?.base;
  if (create === undefined) return "unknown";
  const added = tree.about(table).flatMap(({ node }) => addedBy(node));
  const own = (create.tableElts ?? []).flatMap((each) => inside(each, "ColumnDef")?.colname ?? []);
  if ([...own, ...added].includes(name)) return "other";
  const isWhole = (create.tableElts ?? []).every((each) => "ColumnDef" in each || "Constraint" in each);
  return isWhole && create.inhRelations === undefined && create.ofTypename === undefined ? "none" : "unknown";
}

function addedBy(node: Node | undefined): readonly (string | undefined)[] {
  const commands = inside(node, "AlterTableStmt")?.cmds ?? [];
  return commands.map((each) => columnOfCommand(inside(each, "AlterTableCmd")));
}
