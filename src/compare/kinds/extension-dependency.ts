import { kind } from "./kind.ts";

export const extensionDependency = kind<object>({
  query: {
    path: "array[identity, extname]",
    payload: "",
    from: `from pg_depend d join pg_extension e on e.oid = refobjid cross join pg_identify_object(d.classid, d.objid, d.objsubid)
      where refclassid = 'pg_extension'::regclass and deptype = 'x'`,
  },
  text: () => "DEPENDS ON EXTENSION",
  statements: undefined,
});
