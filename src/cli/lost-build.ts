import { fateOfTransaction, type TransactionFate } from "#database/transaction-fate.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";

/**
 * What ended the work on a build, with what is true said of the build: where its COMMIT had no answer, the server is asked over a new
 * connection.
 * @param isBuilt whether the COMMIT was answered before
 */
export async function explainLostBuild(error: unknown, migrating: MigrateOptions, isBuilt: boolean): Promise<unknown> {
  if (!(error instanceof ConfitureError)) return error;
  const isLost = error.code === "connection_lost";
  if (isBuilt) {
    const isTold = isLost
      ? error.data?.["kept"] !== undefined
      : error.hint !== undefined && error.code !== "interrupted";
    const rest = isTold ? error.hint : RECORD;
    return error.with({
      hint: `The schema is built: that was committed before.\n${rest}`,
      data: { ...error.data, built: true },
    });
  }
  const transaction = error.data?.["transaction"];
  if (!isLost || typeof transaction !== "string") return error;
  const fate = await askFate(migrating, transaction);
  return error.with({ hint: HINTS[fate], data: { built: fate === "unknown" ? null : fate === "committed" } });
}

const RECORD =
  "`confiture migrate status` shows what is recorded. To record the migrations that the database holds, by proof: confiture migrate baseline --proven";

const HINTS: Readonly<Record<TransactionFate, string>> = {
  committed:
    "The server was asked over a new connection: the build was committed. Migrations are not recorded yet; if the schema files have their changes: confiture migrate baseline",
  "rolled back": "The server was asked over a new connection: the build was rolled back. Run the command again.",
  unknown:
    "Whether the build was committed is not known: look at the database. `confiture drift` shows whether it has what the schema files make.",
};

async function askFate(migrating: MigrateOptions, transaction: string): Promise<TransactionFate> {
  const { exclusively } = await import("#migrate/exclusive.ts");
  try {
    // The old session holds the lock for as long as it works, so whoever gets the lock sees how it ended.
    return await exclusively({ ...migrating, signal: undefined }, (database) =>
      fateOfTransaction(database, transaction),
    );
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    return "unknown";
  }
}
