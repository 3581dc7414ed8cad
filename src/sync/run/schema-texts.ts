import type { Searched } from "./searched-columns.ts";

/** Where a catalogue has text that a copy of a schema brings along as it is. */
interface Texts {
  /** The catalogue, with the name of its row. */
  readonly from: string;
  /** The object that people know it by, as `pg_identify_object` takes it. */
  readonly object: string;
  /** SQL for the text; NULL where there is none. */
  readonly text: string;
  readonly where?: string;
}

const of = (catalogue: string, oid: string): string => `'pg_catalog.${catalogue}'::pg_catalog.regclass, ${oid}, 0`;

const TEXTS: readonly Texts[] = [
  {
    from: "pg_description d",
    object: "d.classoid, d.objoid, d.objsubid",
    text: "d.description",
  },
  {
    from: "pg_class c",
    object: of("pg_class", "c.oid"),
    text: "pg_catalog.pg_get_viewdef(c.oid)",
    where: "c.relkind operator(pg_catalog.=) any ('{v,m}')",
  },
  {
    from: "pg_class c",
    object: of("pg_class", "c.oid"),
    text: "pg_catalog.pg_get_expr(c.relpartbound, c.oid)",
    where: "c.relispartition",
  },
  {
    from: "pg_attrdef a",
    object: of("pg_attrdef", "a.oid"),
    text: "pg_catalog.pg_get_expr(a.adbin, a.adrelid)",
  },
  { from: "pg_type y", object: of("pg_type", "y.oid"), text: "y.typdefault" },
  {
    from: "pg_constraint k",
    object: of("pg_constraint", "k.oid"),
    text: "pg_catalog.pg_get_constraintdef(k.oid)",
    where: "k.contype operator(pg_catalog.=) any ('{c,x}')",
  },
  {
    from: "pg_index i",
    object: of("pg_class", "i.indexrelid"),
    text: "pg_catalog.pg_get_indexdef(i.indexrelid)",
    where: "(i.indpred is not null or i.indexprs is not null)",
  },
  {
    from: "pg_policy p",
    object: of("pg_policy", "p.oid"),
    text: "pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))",
  },
  {
    from: "pg_proc f",
    object: of("pg_proc", "f.oid"),
    text: "pg_catalog.concat_ws(' ', f.prosrc, pg_catalog.pg_get_function_sqlbody(f.oid), pg_catalog.pg_get_expr(f.proargdefaults, 0))",
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
];

/** The first oid of objects that do not come with PostgreSQL (transam.h). */
const FIRST_NORMAL = 16_384;

/** What has neither an at sign nor six digits holds nothing that is looked for. */
const MAY_HOLD = String.raw`'[@%&\\]|([0-9].*){6}'`;

const branches = TEXTS.map(
  ({ from, object, text, where }) =>
    `select ${object}, ${text} from pg_catalog.${from}${where === undefined ? "" : ` where ${where}`}`,
).join(" union all ");

/**
 * The texts of the target's schema: definitions, conditions, defaults, bounds, bodies and comments. They are copied as they are, and no
 * rule sees into them. What belongs to an extension came with that.
 */
export const SCHEMA_TEXTS: Searched = {
  name: "the schema",
  from: `(select (select i.type operator(pg_catalog.||) ' ' operator(pg_catalog.||) i.identity
            from pg_catalog.pg_identify_object(s.class, s.object, s.part) i) as name, s.text
     from (${branches}) s (class, object, part, text)
    where s.object operator(pg_catalog.>=) ${FIRST_NORMAL}::pg_catalog.oid and s.text operator(pg_catalog.~) ${MAY_HOLD}
      and not exists (select from pg_catalog.pg_depend m where m.classid operator(pg_catalog.=) s.class
        and m.objid operator(pg_catalog.=) s.object and m.deptype operator(pg_catalog.=) 'e') offset 0) t`,
  text: `(t.text collate pg_catalog."C")`,
  object: "t.name",
};
