import type { Row } from "./servers.ts";

/** What a server knows by name. */
export interface Names {
  /** "any_value/1": a function, and how many arguments it takes; "concat/*" takes any number of them. */
  readonly functions: ReadonlySet<string>;
  readonly settings: ReadonlySet<string>;
  /** Views and tables of pg_catalog. */
  readonly relations: ReadonlySet<string>;
}

/** By name, the major version from which on it is known; only what the oldest one lacks. */
export interface NewerNames {
  readonly functions: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number>>;
  readonly relations: Readonly<Record<string, number>>;
}

/** Functions that SQL can call; the others have arguments that only PostgreSQL itself can give. */
const FUNCTIONS = `
  select distinct p.proname || '/' || case when p.provariadic <> 0 then '*' else n::text end as name
    from pg_proc p cross join lateral generate_series((p.pronargs - p.pronargdefaults)::int, p.pronargs::int) n
   where p.pronamespace = 'pg_catalog'::regnamespace and p.oid < 16384
     and not (array['internal'::regtype, 'cstring'::regtype]::oid[] && (string_to_array(p.proargtypes::text, ' ')::oid[] || p.prorettype))
     -- A type's name in front of parentheses is a cast, which is older; what operators and aggregates are made of is called by nobody.
     and p.proname not in (select typname from pg_type)
     and p.proname !~ '^(binary_upgrade_|hash|gist_)|_(transfn|larger|smaller|hash|hash_extended)$'
     and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)`;

export async function readNames(sql: (text: string) => Promise<Row[]>): Promise<Names> {
  const names = async (text: string): Promise<ReadonlySet<string>> =>
    new Set((await sql(text)).map(({ name }) => String(name)));
  return {
    functions: await names(FUNCTIONS),
    settings: await names("select name from pg_settings where name !~ '[.]'"),
    relations: await names(
      "select relname as name from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') and oid < 16384",
    ),
  };
}

/** @param known what servers know, the oldest first */
export function newerNames(known: readonly (readonly [number, Names])[]): NewerNames {
  const firstOf = (of: (names: Names) => ReadonlySet<string>, name: string): number =>
    known.find(([, names]) => of(names).has(name))?.[0] ?? 0;
  const [[oldest] = [0]] = known;
  const newer = (of: (names: Names) => ReadonlySet<string>): Record<string, number> =>
    Object.fromEntries(
      [...of(known.at(-1)![1])]
        .toSorted()
        .map((name): [string, number] => [name, firstOf(of, name)])
        .filter(([, major]) => major > oldest),
    );
  return {
    functions: withoutArguments(
      newer(({ functions }) => functions),
      (name) => [...known[0]![1].functions].some((old) => old.startsWith(`${name}/`)),
    ),
    settings: newer(({ settings }) => settings),
    relations: newer(({ relations }) => relations),
  };
}

/** A name that is new in itself needs no number of arguments. */
function withoutArguments(
  functions: Readonly<Record<string, number>>,
  isOld: (name: string) => boolean,
): Record<string, number> {
  const shortened: Record<string, number> = {};
  for (const [key, major] of Object.entries(functions)) {
    const [name = "", count] = key.split("/");
    // A function of any number of arguments beside one of a few cannot be told by them.
    if (isOld(name)) {
      if (count !== "*") shortened[key] = major;
    } else shortened[name] = Math.min(major, shortened[name] ?? major);
  }
  return shortened;
}

/** The text of src/sql/newer-names.ts. */
export function renderNames({ functions, settings, relations }: NewerNames): string {
  const list = (name: string, what: string, entries: Readonly<Record<string, number>>): string =>
    `/** ${what} */\nexport const ${name}: ReadonlyMap<string, number> = new Map(\n  Object.entries({\n${Object.entries(
      entries,
    )
      .map(([key, major]) => `    ${/^[a-z_]\w*$/.test(key) ? key : JSON.stringify(key)}: ${major},\n`)
      .join("")}  }),\n);\n`;
  return [
    "// Written by scripts/newer-postgres from servers of the supported versions.\n",
    list(
      "NEWER_FUNCTIONS",
      'Functions that the oldest supported version lacks, with the first major version that has them; "random/2" where only that number of arguments is new.',
      functions,
    ),
    list("NEWER_SETTINGS", "Settings, likewise.", settings),
    list("NEWER_RELATIONS", "Views and tables of pg_catalog, likewise.", relations),
  ].join("\n");
}
