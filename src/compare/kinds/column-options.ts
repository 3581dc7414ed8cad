import { alterColumn } from "./alter-relation.ts";
import { kind } from "./kind.ts";
import { optionChanges, type Options, optionsIn, optionsText } from "./options.ts";

interface ColumnOptions {
  readonly options: Options;
}

export const columnOptions = kind<ColumnOptions>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: `'options', ${optionsIn("attoptions")}`,
    from: "from remarkable where relkind in ('r', 'p', 'm', 'f') and attoptions is not null",
  },
  text: ({ options }) => optionsText(options),
  statements: {
    create: (extra, side) => optionChanges(alterColumn(extra, side), {}, extra.payload.options),
    reset: (extra, side) => optionChanges(alterColumn(extra, side), extra.payload.options, {}),
    change: (from, to, side) => optionChanges(alterColumn(to, side), from.payload.options, to.payload.options),
  },
});
