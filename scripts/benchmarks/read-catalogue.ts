/**
 * Builds the schema files of the project in the working directory in two new databases, one after the other, and
 * prints how long reading the catalogue of each takes, in milliseconds. compare.ts compiles and runs it.
 */
import { executeSchema } from "#build/builder.ts";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { schemaBuild } from "#compare/sources/sources.ts";
import { withDatabase } from "#database/open.ts";
import { filesOf } from "../../tests/database/compare/project-files.ts";

const schema = schemaBuild(filesOf(process.cwd()));
for (let side = 0; side < 2; side++) {
  await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await executeSchema(database, { ...schema, fresh: false });
    const started = performance.now();
    await readCatalogue(database);
    console.log(performance.now() - started);
  });
}
