import type { Database, OpenOptions } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { PreparedTarget } from "./prepared-target.ts";

/**
 * @throws ConfitureError `connect_*`, `embedded_in_use`, `lock_held`, `sync_target_failed`
 */
export async function prepareTarget(target: Target, options: OpenOptions): Promise<PreparedTarget> {
  if (target.engine === "server") {
    const { prepareServer } = await import("./server-target.ts");
    return await prepareServer(target, options);
  }
  const { path } = target;
  if (path === undefined) {
    throw new ConfitureError(
      "usage",
      'The target is the embedded PostgreSQL in memory (path: ":memory:"), which is gone at the end',
      {
        hint: "Give it a folder: path: .confiture/staging",
      },
    );
  }
  const { openReplacement } = await import("#database/embedded/replacement.ts");
  const replacement = await openReplacement(path, options.lockWait ?? 0, options);
  const databaseTarget: Target = { ...target, path: replacement.path };
  let session: Database | undefined;
  return {
    place: "new folder",
    engine: "embedded",
    removed: [],
    databaseTarget,
    async open() {
      const { openDatabase } = await import("#database/open.ts");
      return (session ??= await openDatabase(databaseTarget, options));
    },
    async finish(comment) {
      await session?.close();
      await withDatabase(databaseTarget, options, async (database) => {
        const { quoteLiteral } = await import("#sql/quote.ts");
        await database.execute(`comment on database postgres is ${quoteLiteral(comment)}`);
      });
      await replacement.swap();
      return undefined;
    },
    async abandon() {
      await session?.close();
      await replacement.abandon();
      return undefined;
    },
  };
}
