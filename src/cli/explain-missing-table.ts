import { collectSchemaFiles } from "#build/collect.ts";
import { findDefinition, missingObject } from "#build/definitions.ts";
import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import { ConfitureError, type ServerReport } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";

/** A migration that did not find a table, with the next step where a schema file makes it. */
export async function explainMissingTable(
  error: Error | undefined,
  context: CommandContext,
  server: ServerReport,
): Promise<Error | undefined> {
  const name = missingObject(server);
  if (!(error instanceof ConfitureError) || name === undefined) return error;
  const file = await makerOf(context, name);
  if (file === undefined) return error;
  return error.with({
    hint: [
      `${file} makes it, and migrations run without the schema files. Where the database is empty, build it first: confiture build`,
      "To begin with what there is before the first migration, write that down: confiture migrate base",
    ].join("\n"),
  });
}

/** The schema file that makes an object of this name. What is wrong with the files is none of this failure's. */
async function makerOf(context: CommandContext, name: string): Promise<string | undefined> {
  const config = await context.config("files");
  const { projectDir } = context;
  try {
    const options = {
      projectDir,
      databaseName: config.target.engine === "server" ? config.target.database : undefined,
      transaction: true,
    };
    for (const file of collectSchemaFiles({ ...config, order: config.build.order, projectDir })) {
      for (const piece of piecesOf(readSchemaScript(options, file))) {
        if (piece !== "connect" && findDefinition(piece, name) !== undefined) return piece.file;
      }
    }
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
  }
  return undefined;
}
