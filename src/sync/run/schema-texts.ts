import type { Searched } from "./places.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { commentsOf } from "./database-beside.ts";
import { BY_TABLE, COPY_MARK } from "./prepared-target.ts";

/** Where a catalogue has text that a copy of a schema brings along as it is. */
interface Texts {
  /** The catalogue, with the name of its row. */
  readonly from: string;
  /** The object that people know it by, as `pg_identify_object` takes it. */
  readonly object: string;
  /** SQL for the text; NULL where there is none. */
  readonly text: string;
  /** Of what is no definition: SQL for what it is of the object, for people. */
  readonly what?: string;
  readonly where?: string;
}

const of = (catalogue: string, oid: string, part = "0"): string =>
  `'pg_catalog.${catalogue}'::pg_catalog.regclass, ${oid}, ${part}`;

/** What is no separator keeps digits of two texts apart. */
const joined = (...texts: readonly string[]): string => `pg_catalog.concat_ws(' ; ', ${texts.join(", ")})`;
const list = (array: string): string => `pg_catalog.array_to_string(${array}, ' ; ')`;
/** What older versions have not. */
const newer = (row: string, column: string): string =>
  `(pg_catalog.to_jsonb(${row}) operator(pg_catalog.->>) '${column}')`;

/** Kinds of relations whose name is their own: an index has that of its constraint, and a composite type that of its type. */
const NAMED = "'{r,v,m,f,p,S,i,I}'";

const IS_THIS = "b.datname operator(pg_catalog.=) pg_catalog.current_database()";

/** Also the database whose place this one is to take, with its settings. */
const IS_THIS_OR_REPLACED = `(${IS_THIS} or pg_catalog.shobj_description((select o.oid from pg_catalog.pg_database o
  where o.datname operator(pg_catalog.=) pg_catalog.current_database()), 'pg_database')
    operator(pg_catalog.=) (${quoteLiteral(commentsOf("")[0])} operator(pg_catalog.||) b.datname::pg_catalog.text))`;

/** The database itself, of which catalogues of the server have texts. */
const ofDatabase = (catalogue: string, columns: string, text: string, what: string): Texts => ({
  from: `${catalogue} d join pg_catalog.pg_database b on b.oid operator(pg_catalog.=) d.${columns}`,
  object: of("pg_database", "b.oid"),
  text,
  what,
});
const IS_DATABASE = "d.classoid operator(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass";

/** What a copy says of itself in its comment, which holds nothing but numbers and digests. */
const RECORD = `'^${COPY_MARK}.*?${BY_TABLE}( [0-9a-f]{12}=[0-9]+)*'`;

/** "setting app.owner", "setting app.owner of the role web" */
const SETTING = `pg_catalog.concat('setting ', pg_catalog.split_part(each.setting, '=', 1),
  ' of the role ' operator(pg_catalog.||) pg_catalog.quote_ident((select r.rolname from pg_catalog.pg_roles r where r.oid operator(pg_catalog.=) d.setrole)::pg_catalog.text))`;

const TEXTS: readonly Texts[] = [
  // `ALTER DATABASE ... SET`, and those of roles in it.
  {
    ...ofDatabase("pg_db_role_setting", "setdatabase", "each.setting", SETTING),
    from: `pg_db_role_setting d join pg_catalog.pg_database b on b.oid operator(pg_catalog.=) d.setdatabase,
      lateral pg_catalog.unnest(d.setconfig) each (setting)`,
    where: IS_THIS_OR_REPLACED,
  },
  {
    ...ofDatabase("pg_shdescription", "objoid", `pg_catalog.regexp_replace(d.description, ${RECORD}, '')`, "'comment'"),
    where: `${IS_DATABASE} and ${IS_THIS}`,
  },
  { ...ofDatabase("pg_shseclabel", "objoid", "d.label", "'label'"), where: `${IS_DATABASE} and ${IS_THIS}` },
  { from: "pg_description d", object: "d.classoid, d.objoid, d.objsubid", text: "d.description" },
  { from: "pg_seclabel d", object: "d.classoid, d.objoid, d.objsubid", text: "d.label" },
  { from: "pg_namespace n", object: of("pg_namespace", "n.oid"), text: "n.nspname::pg_catalog.text" },
  {
    from: "pg_class c",
    object: of("pg_class", "c.oid"),
    text: joined(
      "c.relname",
      list("c.reloptions"),
      "case when c.relkind operator(pg_catalog.=) any ('{v,m}') then pg_catalog.pg_get_viewdef(c.oid) end",
      "pg_catalog.pg_get_expr(c.relpartbound, c.oid)",
      "case when c.relkind operator(pg_catalog.=) 'p' then pg_catalog.pg_get_partkeydef(c.oid) end",
    ),
    where: `c.relkind operator(pg_catalog.=) any (${NAMED})
      and not exists (select from pg_catalog.pg_constraint k where k.conindid operator(pg_catalog.=) c.oid and k.conname operator(pg_catalog.=) c.relname)`,
  },
  {
    from: "pg_attribute a join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid",
    object: of("pg_class", "a.attrelid", "a.attnum"),
    text: joined("a.attname", list("a.attoptions"), list("a.attfdwoptions")),
    where:
      "a.attnum operator(pg_catalog.>) 0 and not a.attisdropped and c.relkind operator(pg_catalog.=) any ('{r,v,m,f,p,c}')",
  },
  { from: "pg_attrdef a", object: of("pg_attrdef", "a.oid"), text: "pg_catalog.pg_get_expr(a.adbin, a.adrelid)" },
  {
    from: "pg_type y",
    object: of("pg_type", "y.oid"),
    // Tables and arrays have types that are called like them.
    text: joined(
      "case when not (y.typcategory operator(pg_catalog.=) 'A' or exists (select from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) y.typrelid and c.relkind operator(pg_catalog.<>) 'c')) then y.typname end",
      "y.typdefault",
    ),
  },
  {
    from: "pg_constraint k",
    object: of("pg_constraint", "k.oid"),
    text: joined(
      "k.conname",
      "case when k.contype operator(pg_catalog.=) any ('{c,x}') then pg_catalog.pg_get_constraintdef(k.oid) end",
    ),
  },
  {
    from: "pg_index i",
    object: of("pg_class", "i.indexrelid"),
    text: "pg_catalog.pg_get_indexdef(i.indexrelid)",
    where: "(i.indpred is not null or i.indexprs is not null)",
  },
  {
    from: "pg_statistic_ext x",
    object: of("pg_statistic_ext", "x.oid"),
    text: joined("x.stxname", "pg_catalog.pg_get_statisticsobjdef(x.oid)"),
  },
  {
    from: "pg_policy p",
    object: of("pg_policy", "p.oid"),
    text: joined(
      "p.polname",
      "pg_catalog.pg_get_expr(p.polqual, p.polrelid)",
      "pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)",
    ),
  },
  {
    from: "pg_proc f",
    object: of("pg_proc", "f.oid"),
    text: joined(
      "f.proname",
      list("f.proargnames"),
      "pg_catalog.pg_get_expr(f.proargdefaults, 0)",
      "f.prosrc",
      "f.probin",
      "pg_catalog.pg_get_function_sqlbody(f.oid)",
      list("f.proconfig"),
    ),
  },
  {
    from: "pg_aggregate f",
    object: of("pg_proc", "f.aggfnoid::pg_catalog.oid"),
    text: joined("f.agginitval", "f.aggminitval"),
  },
  {
    from: "pg_trigger g",
    object: of("pg_trigger", "g.oid"),
    text: "pg_catalog.pg_get_triggerdef(g.oid)",
    where: "not g.tgisinternal",
  },
  {
    from: "pg_rewrite r",
    object: of("pg_rewrite", "r.oid"),
    text: "pg_catalog.pg_get_ruledef(r.oid)",
    where: "r.rulename operator(pg_catalog.<>) '_RETURN'",
  },
  { from: "pg_event_trigger e", object: of("pg_event_trigger", "e.oid"), text: "e.evtname::pg_catalog.text" },
  {
    from: "pg_foreign_data_wrapper w",
    object: of("pg_foreign_data_wrapper", "w.oid"),
    text: joined("w.fdwname", list("w.fdwoptions")),
  },
  {
    from: "pg_foreign_server w",
    object: of("pg_foreign_server", "w.oid"),
    text: joined("w.srvname", "w.srvtype", "w.srvversion", list("w.srvoptions")),
  },
  { from: "pg_foreign_table w", object: of("pg_class", "w.ftrelid"), text: list("w.ftoptions") },
  { from: "pg_publication b", object: of("pg_publication", "b.oid"), text: "b.pubname::pg_catalog.text" },
  {
    from: "pg_publication_tables v join pg_catalog.pg_publication b on b.pubname operator(pg_catalog.=) v.pubname",
    object: of("pg_publication", "b.oid"),
    text: newer("v", "rowfilter"),
  },
  {
    from: "pg_collation c",
    object: of("pg_collation", "c.oid"),
    text: joined("c.collname", newer("c", "collicurules")),
  },
  {
    from: "pg_ts_dict d",
    object: of("pg_ts_dict", "d.oid"),
    text: joined("d.dictname", "d.dictinitoption"),
  },
  ...[
    ["pg_ts_config", "cfgname"],
    ["pg_ts_parser", "prsname"],
    ["pg_ts_template", "tmplname"],
    ["pg_conversion", "conname"],
    ["pg_opclass", "opcname"],
    ["pg_opfamily", "opfname"],
    ["pg_am", "amname"],
    ["pg_language", "lanname"],
  ].map(([catalogue = "", name = ""]) => ({
    from: `${catalogue} o`,
    object: of(catalogue, "o.oid"),
    text: `o.${name}::pg_catalog.text`,
  })),
];

/** The first oid of objects that do not come with PostgreSQL (transam.h). */
const FIRST_NORMAL = 16_384;
/** The schema "public", which comes with it and may be commented on (pg_namespace.dat). */
const PUBLIC = 2200;

/** What has neither an at sign nor six digits holds nothing that is looked for. */
const MAY_HOLD = String.raw`'[@%&\\]|([0-9].*){6}'`;

const branches = TEXTS.map(
  ({ from, object, text, what = "null::pg_catalog.text", where }) =>
    `select ${object}, ${text}, ${what} from pg_catalog.${from}${where === undefined ? "" : ` where ${where}`}`,
).join(" union all ");

/**
 * The texts of the target's schema, and of the database itself: names, definitions, conditions, defaults, bounds, bodies, options, labels and comments. They are
 * copied as they are, and no rule sees into them. Enum labels are searched as columns are. What belongs to an extension came with that.
 */
export const SCHEMA_TEXTS: Searched = {
  name: "the schema",
  from: `(select (select pg_catalog.concat(i.type, ' ', i.identity, ' (' operator(pg_catalog.||) s.what operator(pg_catalog.||) ')')
            from pg_catalog.pg_identify_object(s.class, s.object, s.part) i) as name, s.text
     from (${branches}) s (class, object, part, text, what)
    where (s.object operator(pg_catalog.>=) ${FIRST_NORMAL}::pg_catalog.oid or s.object operator(pg_catalog.=) ${PUBLIC}::pg_catalog.oid
        or s.class operator(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass) and s.text operator(pg_catalog.~) ${MAY_HOLD}
      and not exists (select from pg_catalog.pg_depend m where m.classid operator(pg_catalog.=) s.class
        and m.objid operator(pg_catalog.=) s.object and m.deptype operator(pg_catalog.=) 'e') offset 0) t`,
  text: `(t.text collate pg_catalog."C")`,
  object: "t.name",
};
