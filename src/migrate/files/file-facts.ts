import type { FileFacts } from "../history.ts";
import { checksumOfFile } from "./load.ts";
import { originOf } from "../import/origin.ts";

/** What the files of a project say when they are asked. */
export function factsOf(projectDir: string): FileFacts {
  return {
    checksumOf: (file) => checksumOfFile(projectDir, file),
    originOf: (file) => originOf(projectDir, file),
  };
}
