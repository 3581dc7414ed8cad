import type { DocumentPaths } from "../document-paths.ts";
import type { SyncOptions } from "./report.ts";
import { sourceOptions, withReader } from "./run.ts";
import { Source } from "./source.ts";
import { aboutPlan, tell } from "./tell-of-plan.ts";

/**
 * Says what a run would do that somebody may not expect, before anybody is asked to confirm it. The moment is not held while the question
 * stands: the source could not clean up, and a change of its tables would wait. So the run looks again, and tells what is new.
 * @returns what was said, for the run
 * @throws ConfitureError as `runSync` before anything is written
 */
export async function tellBefore(options: SyncOptions): Promise<DocumentPaths> {
  const source = await Source.open(sourceOptions(options));
  try {
    const about = await withReader(source, async (reader) => {
      const look = source.atMoment(reader);
      return await aboutPlan(look, await options.plan(look));
    });
    tell(about, options);
    return about;
  } finally {
    await source.close();
  }
}
