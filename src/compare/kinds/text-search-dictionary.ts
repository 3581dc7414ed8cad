import { quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Dictionary {
  readonly template: string;
  /** As PostgreSQL keeps them: `name = 'value', ...`; null where there are none. */
  readonly options: string | null;
}

export const textSearchDictionary = kind<Dictionary>({
  query: {
    object: { catalogue: "pg_ts_dict", oid: "d.oid", owner: "dictowner" },
    path: "array[n.nspname, dictname]",
    payload: "'template', format('%I.%I', tn.nspname, tmplname), 'options', dictinitoption",
    from: `from pg_ts_dict d join pg_namespace n on n.oid = dictnamespace
      join pg_ts_template t on t.oid = dicttemplate join pg_namespace tn on tn.oid = tmplnamespace
      where d.oid >= 16384`,
  },
  text,
  statements: {
    name: ({ path }) => dictionaryName(path),
    create: ({ path, payload }) => [`CREATE ${dictionaryName(path)} (${text(payload)})`],
    change: ({ payload: from }, { path, payload: to }) => {
      if (from.template !== to.template) return undefined;
      const [before, after] = [optionsOf(from), optionsOf(to)];
      const changed = [...after].filter(([name, value]) => before.get(name) !== value);
      const gone = [...before.keys()].filter((name) => !after.has(name));
      return [
        `ALTER ${dictionaryName(path)} (${[...gone, ...changed.map((option) => option.join(" = "))].join(", ")})`,
      ];
    },
  },
  home: { folder: "common", name: "text_search" },
});

function dictionaryName([schema, name = ""]: readonly string[]): string {
  return `TEXT SEARCH DICTIONARY ${quoteQualified(schema, name)}`;
}

function text({ template, options }: Dictionary): string {
  return `TEMPLATE = ${template}${options === null ? "" : `, ${options}`}`;
}

/** PostgreSQL keeps them as one text, and has no function that takes it apart (serialize_deflist, tsearchcmds.c). */
function optionsOf({ options }: Dictionary): Map<string, string> {
  const all = (options ?? "").matchAll(/(\w+|"(?:[^"]|"")+") = (E?'(?:[^'\\]|''|\\.)*'|[^, ]+)/g);
  return new Map([...all].map(([, name = "", value = ""]) => [name, value]));
}
