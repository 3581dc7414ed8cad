import { alterRelation } from "./alter-relation.ts";
import { kind } from "./kind.ts";
import { optionChanges, type Options, optionsIn, optionsText } from "./options.ts";

interface ToastOptions {
  readonly options: Options;
}

const PREFIX = "toast.";

export const toastOptions = kind<ToastOptions>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: `'options', ${optionsIn("t.reloptions")}`,
    from: `from relation r join pg_class c on c.oid = r.oid join pg_class t on t.oid = c.reltoastrelid
      where t.reloptions is not null`,
  },
  text: ({ options }) => optionsText(options),
  statements: {
    create: ({ relation, payload }, { facts }) =>
      optionChanges(alterRelation(relation, facts), {}, payload.options, PREFIX),
    reset: ({ relation, payload }, { facts }) =>
      optionChanges(alterRelation(relation, facts), payload.options, {}, PREFIX),
    change: (from, { relation, payload }, { facts }) =>
      optionChanges(alterRelation(relation, facts), from.payload.options, payload.options, PREFIX),
  },
});
