import type { Parser } from "#sql/parser.ts";
import { inHouseStyle } from "../plan/house-style.ts";
import { asReadBack } from "../plan/reread.ts";
import type { PlannedFile } from "./statements.ts";

/**
 * A schema file for reading, which builds what the statements make in the words that PostgreSQL has for it now. Pure.
 */
export function renderSchemaFile({ statements, ahead }: PlannedFile, parser: Parser): string {
  const texts = statements.map((sql) => `${inHouseStyle(asReadBack(sql), parser)};\n`);
  if (!ahead) return texts.join("\n");
  return [
    "-- Its body is not looked at yet: it speaks of what only a later file makes, or of what has changed since.\nSET check_function_bodies = off;\n",
    ...texts,
    "RESET check_function_bodies;\n",
  ].join("\n");
}

/**
 * The schema files as the base of the migrations, for databases that are made by migrations alone. Pure.
 * @param dir the folder of the files, as shown to the reader
 */
export function renderBase(files: readonly { readonly path: string; readonly text: string }[], dir: string): string {
  return [
    "-- What the database held when this project was made of it. `confiture migrate up` runs this first in a database\n" +
      "-- that is empty, and never in another.\n",
    ...files.map(({ path, text }) => `-- ${dir}/${path}\n${text}`),
  ].join("\n");
}
