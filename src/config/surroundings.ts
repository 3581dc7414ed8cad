import type { Variables } from "./variables.ts";

/** The world outside the project, handed in so that nothing reads the process. */
export interface Surroundings {
  /** Absolute. */
  readonly projectDir: string;
  readonly homeDirectory: string;
  readonly userName: string;
  readonly platform: NodeJS.Platform;
  readonly variables: Variables;
}
