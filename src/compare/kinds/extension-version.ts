import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import { type Extra, kind } from "./kind.ts";

interface ExtensionVersion {
  readonly version: string;
}

export const extensionVersion = kind<ExtensionVersion>({
  query: { path: "array[extname]", payload: "'version', extversion", from: "from pg_extension" },
  text: ({ version }) => version,
  statements: {
    // What an export or another database has is made with the version of its server.
    create: () => [],
    transition(from, to, { facts }) {
      if (from === undefined || to === undefined) return { first: [], last: [] };
      const sql = `ALTER EXTENSION ${nameOf(to)} UPDATE TO ${versionOf(to)}`;
      const anew = `CREATE EXTENSION ${nameOf(to)}${placeOf(to, facts)} VERSION ${versionOf(to)}`;
      // What is new may need the version; scripts of most extensions lead upwards alone.
      return {
        first: [{ sql, otherwise: { reason: "no-update-path", sql: `DROP EXTENSION ${nameOf(to)}`, behind: [anew] } }],
        last: [],
      };
    },
  },
});

function nameOf({ path: [name = ""] }: Extra): string {
  return quoteIdentifier(name);
}

/** A name or a string (manual, CREATE EXTENSION). */
function versionOf({ payload }: Extra<ExtensionVersion>): string {
  return quoteLiteral(payload.version);
}

/** Where its objects are, if a schema was given or could have been. */
function placeOf({ path: [name = ""] }: Extra, facts: Facts): string {
  const schema = facts.get({ kind: "extension", name })?.payload["schema"];
  return typeof schema === "string" ? ` SCHEMA ${quoteIdentifier(schema)}` : "";
}
