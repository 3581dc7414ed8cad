import { quoteIdentifier } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Language {
  readonly trusted: boolean;
  /** Functions. */
  readonly handler: string;
  readonly inline: string | null;
  readonly validator: string | null;
}

export const language = kind<Language>({
  query: {
    object: { catalogue: "pg_language", oid: "oid", owner: "lanowner" },
    path: "array[lanname]",
    payload: `'trusted', lanpltrusted, 'handler', lanplcallfoid::regproc,
      'inline', case when laninline <> 0 then laninline::regproc end,
      'validator', case when lanvalidator <> 0 then lanvalidator::regproc end`,
    from: "from pg_language where lanispl and oid >= 16384",
  },
  text: (payload) => `${payload.trusted ? "TRUSTED " : ""}${functions(payload)}`,
  statements: {
    name: ({ path: [name = ""] }) => `LANGUAGE ${quoteIdentifier(name)}`,
    create: ({ path: [name = ""], payload }) => [`CREATE ${definition(name, payload)}`],
    change: (_, { path: [name = ""], payload }) => [`CREATE OR REPLACE ${definition(name, payload)}`],
  },
  home: { folder: "common", name: "languages" },
});

function definition(name: string, payload: Language): string {
  return `${payload.trusted ? "TRUSTED " : ""}LANGUAGE ${quoteIdentifier(name)} ${functions(payload)}`;
}

function functions({ handler, inline, validator }: Language): string {
  return [
    `HANDLER ${handler}`,
    ...(inline === null ? [] : [`INLINE ${inline}`]),
    ...(validator === null ? [] : [`VALIDATOR ${validator}`]),
  ].join(" ");
}
