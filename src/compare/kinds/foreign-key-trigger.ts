import { kind } from "./kind.ts";

interface ForeignKeyTrigger {
  readonly state: string;
}

/** What ALTER TABLE ... DISABLE TRIGGER ALL leaves behind when nobody enables them again. */
export const foreignKeyTrigger = kind<ForeignKeyTrigger>({
  query: {
    path: "array[r.nspname, r.relname, conname]",
    relation: "r.oid",
    payload:
      "'state', case tgenabled when 'D' then 'DISABLED' when 'R' then 'ENABLED ON REPLICA' else 'ENABLED ALWAYS' end",
    from: `from (select distinct tgrelid, tgconstraint, tgenabled from pg_trigger where tgisinternal and tgenabled <> 'O' and tgparentid = 0) t
      join relation r on r.oid = tgrelid join pg_constraint c on c.oid = tgconstraint`,
  },
  text: ({ state }) => state,
  statements: undefined,
});
