/** What a default calls, as PostgreSQL has taken it apart: its text would have to be parsed once more. */
const CALLED = `regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) ([0-9]+)', 'g') called (id)
                                        join pg_proc p on p.oid = id[1]::oid`;

/**
 * Whether a default, of pg_attrdef d, gives the same in every database: it calls only what is IMMUTABLE, and is of no type whose text
 * is read otherwise at another time. A label of an enum is none.
 */
export const CONSTANT = `(d.adbin::text !~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR) '
                  and not exists (select from ${CALLED} where p.provolatile <> 'i')
                  and (d.adbin::text !~ '\\{COERCEVIAIO '
                       or not exists (select from regexp_matches(d.adbin::text, ':resulttype ([0-9]+)', 'g') made (id)
                                        join pg_type t on t.oid = id[1]::oid
                                        join pg_proc p on p.oid = t.typinput
                                       where p.provolatile <> 'i' and t.typtype <> 'e')))`;

/** Whether a default takes numbers from a sequence. */
export const COUNTED = `d.adbin::text ~ (':funcid ' || 'nextval(regclass)'::regprocedure::oid::text || ' ')`;

/** Whether what a default gives goes by the moment, the user or the database alone, and asking for it changes nothing and cannot fail. */
export const TOLD = `(d.adbin::text !~ '\\{(NEXTVALUEEXPR|COERCEVIAIO) '
                  and not exists (select from ${CALLED}
                                   where p.provolatile = 'v' or p.pronamespace <> 'pg_catalog'::regnamespace
                                         or p.proname = 'current_setting'))`;

/** When this process began, as SQL: what the clock has told since is the present. */
export const BEGUN = `timestamptz '${new Date(performance.timeOrigin).toISOString()}'`;
