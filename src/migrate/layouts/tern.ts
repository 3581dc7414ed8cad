import { queryCatalogue } from "#database/catalogue.ts";
import { migrationId } from "../files/migration-file.ts";
import { cutAtMarks, type Mark } from "./marked.ts";
import type { ForeignTable, Layout } from "./layout.ts";
import { type NewFiles, type NewMigration, type NewWay } from "./new-files.ts";
import { anyHeadMatches, numberedFiles } from "./numbered-files.ts";
import { refuseTemplate } from "./template.ts";

const DOWN = "---- create above / drop below ----";
const DISABLE_TX = "---- tern: disable-tx ----";
const DIVIDER = /^-+ create above \/ drop below -+$/;
const DISABLE = /^-+ tern: disable-tx -+$/;

/** tern (https://github.com/jackc/tern): the way back is below a divider. Its files are Go templates. */
export const tern: Layout = {
  title: "tern",
  names: "001_name.sql",
  recognises: (folder) =>
    folder.has("tern.conf") || anyHeadMatches(folder, /^-+ create above \/ drop below -+\s*$/m) ? "content" : undefined,
  find: (folder) => numberedFiles(folder, "tern"),
  cut(source) {
    refuseTemplate(source, /\{\{.*?\}\}/, "filled in by tern");
    return cutAtMarks(source, {
      read,
      upLine: "the way up",
      downLine: DOWN,
      openingIsUp: true,
      noTransactionForAll: false,
      howToRunOutside: `begin this way of the file with the line: ${DISABLE_TX}`,
    });
  },
  template: "{{",
  reads: (comment) => read(comment) !== undefined,
  creation: { versions: "number", write },
  hasWaysBack: true,
  histories: { tern: ternTable() },
};

function write({ version, name, up, down }: NewMigration): NewFiles {
  // It says of each way how that is to run.
  const way = ({ sql, outside }: NewWay): string => `${outside ? `${DISABLE_TX}\n\n` : ""}${sql.trimStart()}`;
  const content = `${way(up)}${down === undefined ? "" : `\n${DOWN}\n\n${way(down)}`}`;
  const path = `${migrationId({ version, name })}.sql`;
  return { form: "sql", up: { path, content }, marks: { up: undefined, down: DOWN } };
}

function read(comment: string): Mark | undefined {
  if (DIVIDER.test(comment.trimEnd())) return { kind: "down" };
  return DISABLE.test(comment.trimEnd()) ? { kind: "no-transaction" } : undefined;
}

/** One row, the version it came to; 0 is none. */
function ternTable(): ForeignTable {
  return {
    tables: ["schema_version"],
    columns: ["version"],
    async read(database, table) {
      const [row] = await queryCatalogue<{ version: string }>(database, `select version::text from ${table}`);
      return { kind: "through", version: row === undefined || row.version === "0" ? undefined : row.version };
    },
  };
}
