import type { Node, Parser } from "#sql/parser.ts";
import { codePointOffset } from "#sql/position.ts";

/**
 * What is wrong with the SQL of an `expr`: it may do something else than compute a value of the columns that it is given. PostgreSQL's own
 * grammar reads it, and whatever is not known to be harmless is refused.
 * @param columns of the table, with what is wrong where the expression reads one
 */
export function expressionFault(
  parser: Parser,
  sql: string,
  columns: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const text = `SELECT (${sql}\n)`;
  const statements = parser.parseAll(text);
  if (statements === undefined) return noSql(parser, text, "An expression");
  const value = onlyMember(statements, "targetList");
  if (value === undefined) return "An expression is one value: it reads no tables";
  return outOfBrackets(parser, `SELECT ${sql}`, "An expression") ?? faultIn(value, columns);
}

/** The same of a condition. It only chooses rows, and may look into other tables for that. */
export function conditionFault(parser: Parser, sql: string): string | undefined {
  const text = `SELECT WHERE (${sql}\n)`;
  const statements = parser.parseAll(text);
  if (statements === undefined) return noSql(parser, text, "A condition");
  const value = onlyMember(statements, "whereClause");
  if (value === undefined) return "A condition is one value, as behind WHERE, and nothing comes after it";
  const open = outOfBrackets(parser, `SELECT WHERE ${sql}`, "A condition");
  if (open !== undefined) return open;
  return choiceFault(value);
}

/** Where PostgreSQL's grammar does not take a condition: an offset into it; undefined where it does. */
export function conditionBreak(parser: Parser, sql: string): number | undefined {
  for (const [before, behind] of [
    ["SELECT WHERE (", "\n)"],
    ["SELECT WHERE ", ""],
  ] as const) {
    const text = `${before}${sql}${behind}`;
    const complaint = parser.complaint(text);
    if (complaint === undefined) continue;
    const at = codePointOffset(text, complaint.position + 1) - before.length;
    return Math.max(0, Math.min(at, sql.trimEnd().length));
  }
  return undefined;
}

/** What of SQL that chooses rows may choose others in the next query, or does more than that. */
export function choiceFault(value: unknown): string | undefined {
  for (const [kind, fields] of nodesIn(value)) {
    if (/^(?:Insert|Update|Delete|Merge)Stmt$/.test(kind)) return "A condition changes nothing";
    if (kind === "LockingClause") return "A condition locks no rows: leave out FOR UPDATE, FOR SHARE and the like";
    if (kind === "SelectStmt" && fields["intoClause"] !== undefined)
      return "A condition makes no table: leave out INTO";
    if (kind === "ParamRef")
      return `A condition has no parameters, such as $${String(fields["number"])}: write the value`;
    if (kind === "RangeTableSample")
      return "A condition has to choose the same rows each time, and TABLESAMPLE does not; `sample: 10%` does";
    const moment = kind === "TypeCast" ? momentIn(fields) : undefined;
    if (moment !== undefined)
      return `The moment of '${moment}' is another one in each query: write now() or CURRENT_DATE`;
    if (kind !== "FuncCall") continue;
    const name = namesOf(fields["funcname"]).at(-1) ?? "";
    if (CHANGING.test(name) && !OF_TRANSACTION.test(name))
      return `A condition has to choose the same rows each time, and the result of ${name}() is another one; \`sample: 10%\` does`;
    if (FORBIDDEN.test(name))
      return `The function ${name}() is not for conditions: it reads files or settings, or does something`;
  }
  return undefined;
}

/** A word that types of dates and times read as a moment, where it is cast to one: `date 'today'`. */
function momentIn({ arg, typeName }: Fields): string | undefined {
  const { A_Const: constant } = arg as { readonly A_Const?: { readonly sval?: { readonly sval?: string } } };
  const type = namesOf((typeName as Fields | undefined)?.["names"]).at(-1) ?? "";
  const text = constant?.sval?.sval ?? "";
  return /^(?:date|time|timetz|timestamp|timestamptz)$/.test(type) && MOMENT.test(text) ? text : undefined;
}

const MOMENT = /^\s*(?:now|today|tomorrow|yesterday)\b/i;

function noSql(parser: Parser, text: string, what: string): string {
  return `${what} has to be SQL: ${parser.complaint(text)?.message ?? "it cannot be read"}`;
}

/** What is SQL in brackets alone closes them, and would undo what stands beside them: `true) OR (true`. */
function outOfBrackets(parser: Parser, text: string, what: string): string | undefined {
  return parser.parseAll(text) === undefined ? noSql(parser, text, what) : undefined;
}

/** Names of what a SELECT may hold besides the one part that is wanted. */
const USUAL = new Set(["limitOption", "op"]);

/** The one part of a single SELECT: brackets that are closed in the text and opened again would add others. */
function onlyMember(statements: readonly Node[], name: "targetList" | "whereClause"): unknown {
  const [statement] = statements;
  if (statement === undefined || statements.length !== 1 || !("SelectStmt" in statement)) return undefined;
  const select = statement.SelectStmt as unknown as Record<string, unknown>;
  const others = Object.keys(select).filter((key) => key !== name && !USUAL.has(key));
  if (others.length > 0 || select["op"] !== "SETOP_NONE") return undefined;
  const part = select[name];
  return Array.isArray(part) && part.length !== 1 ? undefined : part;
}

type Fields = Readonly<Record<string, unknown>>;

function faultIn(value: unknown, columns: ReadonlyMap<string, string | undefined>): string | undefined {
  for (const [kind, fields] of nodesIn(value)) {
    if (kind === "SubLink" || kind === "SelectStmt" || kind === "RangeVar")
      return "An expression reads no other rows: originals would come through";
    if (kind === "SQLValueFunction")
      return "An expression takes values of its row alone: the time, the role and the database are others in another run, or tell of production";
    if (!HARMLESS.has(kind)) return `An expression cannot hold this part of SQL (${kind})`;
    if (kind === "ColumnRef") {
      const names = namesOf(fields["fields"]);
      const column = names.length === 2 && names[0] === "source" ? names[1] : names.length === 1 ? names[0] : undefined;
      if (column === undefined || !columns.has(column)) return `"${names.join(".") || "*"}" is no column of the table`;
      const fault = columns.get(column);
      if (fault !== undefined) return fault;
    } else if (kind === "FuncCall") {
      const names = namesOf(fields["funcname"]);
      const name = names.at(-1) ?? "";
      if (CHANGING.test(name) || (name === "age" && (fields["args"] as unknown[] | undefined)?.length === 1))
        return `The result of ${name}() is another one each time: an expression computes of the values of its row alone`;
      const isKnown = FUNCTIONS.has(name) && (names.length === 1 || (names.length === 2 && names[0] === "pg_catalog"));
      if (!isKnown) return `The function ${names.join(".")}() is not known to be harmless`;
      if (fields["over"] !== undefined || fields["agg_filter"] !== undefined || fields["agg_order"] !== undefined)
        return "An expression computes one row";
    } else if (kind === "A_Expr") {
      const names = namesOf(fields["name"]);
      if (names.length > 1 && names[0] !== "pg_catalog")
        return `The operator ${names.join(".")} is not PostgreSQL's own`;
    } else if (kind === "A_Indirection" && JSON.stringify(fields["indirection"]).includes('"String"')) {
      // (value).name also calls a function of that name.
      return "An expression takes no part out of a value by its name";
    } else if (kind === "TypeCast") {
      const type = (fields["typeName"] as Fields | undefined)?.["names"];
      const name = namesOf(type).at(-1) ?? "";
      if (name.startsWith("reg")) return `A cast to ${name} looks into the catalogue`;
      const moment = momentIn(fields);
      if (moment !== undefined)
        return `The moment of '${moment}' is another one in each run: an expression computes of the values of its row alone`;
    }
  }
  return undefined;
}

/** Every node below a value, by its kind. */
export function* nodesIn(value: unknown): Generator<readonly [string, Fields]> {
  if (Array.isArray(value)) {
    for (const each of value) yield* nodesIn(each);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^[A-Z]/.test(key) && typeof inner === "object" && inner !== null) yield [key, inner as Fields];
    yield* nodesIn(inner);
  }
}

/** The texts of `String` nodes, which other kinds may stand between. */
export function namesOf(nodes: unknown): string[] {
  return (Array.isArray(nodes) ? nodes : []).map(
    (node: { readonly String?: { readonly sval?: string } }) => node.String?.sval ?? "*",
  );
}

/** Kinds of nodes that compute. */
const HARMLESS = new Set(
  (
    "ResTarget ColumnRef String Integer Float Boolean BitString A_Const A_Expr A_ArrayExpr A_Indirection A_Indices BoolExpr NullTest " +
    "BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr TypeCast TypeName FuncCall NamedArgExpr List RowExpr " +
    "CollateClause JsonObjectConstructor JsonArrayConstructor JsonKeyValue JsonValueExpr JsonFormat JsonOutput JsonReturning"
  ).split(" "),
);

/** Functions of PostgreSQL that compute something of what they are given, and read nothing else. */
const FUNCTIONS = new Set(
  // Texts.
  (
    "ascii bit_length btrim char_length character_length chr concat concat_ws convert_from convert_to decode encode format initcap left " +
    "length lower lpad ltrim md5 normalize octet_length overlay position quote_ident quote_literal quote_nullable regexp_count " +
    "regexp_instr regexp_like regexp_match regexp_replace regexp_split_to_array regexp_substr repeat replace reverse right rpad rtrim " +
    "sha224 sha256 sha384 sha512 split_part starts_with string_to_array strpos substr substring to_ascii to_hex to_bin to_oct translate " +
    "unistr upper casefold get_byte set_byte get_bit set_bit bit_count hashtext hashtextextended like_escape similar_escape similar_to_escape " +
    // Numbers.
    "abs cbrt ceil ceiling degrees div erf exp factorial floor gcd lcm ln log log10 min_scale mod pi power radians round scale " +
    "sign sqrt trim_scale trunc width_bucket sin cos tan asin acos atan atan2 to_number " +
    // Dates.
    "age date_bin date_part date_trunc extract isfinite justify_days justify_hours justify_interval make_date make_interval make_time " +
    "make_timestamp make_timestamptz to_char to_date to_timestamp timezone " +
    // Arrays and ranges.
    "array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_prepend array_remove " +
    "array_replace array_reverse array_sort array_to_string array_upper cardinality trim_array isempty " +
    "lower_inc lower_inf upper_inc upper_inf int4range int8range numrange daterange tsrange tstzrange " +
    // Documents.
    "array_to_json json_array_length json_build_array json_build_object json_extract_path json_extract_path_text json_object " +
    "json_strip_nulls json_typeof jsonb_array_length jsonb_build_array jsonb_build_object jsonb_extract_path jsonb_extract_path_text " +
    "jsonb_insert jsonb_object jsonb_path_exists jsonb_path_match jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set " +
    "jsonb_set_lax jsonb_strip_nulls jsonb_typeof row_to_json to_json to_jsonb hstore akeys avals " +
    // Search.
    "array_to_tsvector numnode phraseto_tsquery plainto_tsquery setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline " +
    "ts_rank ts_rank_cd tsvector_to_array websearch_to_tsquery unaccent similarity " +
    // Addresses and geometry.
    "abbrev broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen text macaddr8_set7bit area " +
    "box center circle diameter height line lseg path point polygon radius slope width " +
    // Other values.
    "num_nonnulls num_nulls pg_typeof coalesce nullif greatest least bool int2 int4 int8 " +
    "float4 float8 numeric varchar bpchar date time timetz timestamp timestamptz interval"
  ).split(" "),
);

/** Functions whose result is another one in the next query, or in another run. */
const CHANGING =
  /^(?:random|random_normal|array_sample|array_shuffle|setseed|(?:clock|statement|transaction)_timestamp|now|timeofday|gen_random_uuid|uuidv[47]|uuid_generate_v\w+)$/;

const OF_TRANSACTION = /^(?:now|transaction_timestamp)$/;

/** What a condition has no use for: functions that read files or settings, take SQL as a text, wait, or do something. */
const FORBIDDEN =
  /^(?:pg_(?:read|ls|stat_file|file|write|sleep|terminate|cancel|reload|rotate|advisory|try_advisory|logical|replication|create|drop|promote|switch|backup|start|stop|wal|export|notify|current_logfile|log|import|hba|show|get_functiondef|copy|prewarm|execute)\w*|lo_\w+|lo(?:read|write)|dblink\w*|(?:query|table|schema|database|cursor)_to_xml\w*|set_config|current_setting|nextval|setval|lastval|currval|ts_stat|crosstab\w*|connectby|xpath_table|postgres_fdw\w*|file_fdw\w*|http\w*|plpy\w*|pgstat\w*|txid_current|pg_current_xact_id)$/;
