import type { Database } from "#database/database.ts";

/**
 * How many values there are on both sides, equal ones each counted: digests tell how many different ones there are, and columns with a
 * shape are not sorted to know that.
 * @param texts what comes after SELECT, on each side
 */
export async function countValues(
  sides: readonly [Database, Database],
  texts: readonly [string, string],
): Promise<{ readonly originals: number; readonly results: number }> {
  const [originals, results] = await Promise.all(
    sides.map(async (side, at) => {
      const [row] = await side.query<{ number: number }>(
        `select pg_catalog.count(*)::pg_catalog.float8 as number ${texts[at]}`,
      );
      return row!.number;
    }),
  );
  return { originals: originals!, results: results! };
}
