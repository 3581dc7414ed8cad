import { queryCatalogue } from "#database/catalogue.ts";
import { cutAtMarks, type Mark } from "./marked.ts";
import type { ForeignTable, Layout } from "./layout.ts";
import { anyHeadMatches, numberedFiles } from "./numbered-files.ts";
import { refuseTemplate } from "./template.ts";

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
      downLine: "---- create above / drop below ----",
      openingIsUp: true,
      noTransactionForAll: true,
      howToRunOutside: "begin the file with the line: ---- tern: disable-tx ----",
    });
  },
  reads: (comment) => read(comment) !== undefined,
  histories: { tern: ternTable() },
};

function read(comment: string): Mark | undefined {
  if (DIVIDER.test(comment.trimEnd())) return { kind: "down" };
  return DISABLE.test(comment.trimEnd()) ? { kind: "no-transaction" } : undefined;
}

/** One row, the version it came to; 0 is none. */
function ternTable(): ForeignTable {
  return {
    tables: ["schema_version"],
    async read(database, table) {
      const [row] = await queryCatalogue<{ version: string }>(database, `select version::text from ${table}`);
      return { kind: "through", version: row === undefined || row.version === "0" ? undefined : row.version };
    },
  };
}
