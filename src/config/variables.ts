import type { Location } from "#errors/error.ts";

export interface Variable {
  readonly value: string;
  /** "environment variable NAME", or ".env:3 NAME" */
  readonly origin: string;
  readonly location?: Location;
}

/** One line of a `.env` file. */
export interface DotenvEntry {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** The process environment, and beneath it the project's `.env`. */
export class Variables {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #dotenv = new Map<string, DotenvEntry>();

  constructor(env: Readonly<Record<string, string | undefined>>, dotenv: readonly DotenvEntry[]) {
    this.#env = env;
    for (const entry of dotenv) this.#dotenv.set(entry.name, entry);
  }

  /** A variable that is set, even to nothing. A real variable always wins over `.env`. */
  get(name: string): Variable | undefined {
    const real = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
    if (real !== undefined) return { value: real, origin: `environment variable ${name}` };
    const entry = this.#dotenv.get(name);
    if (entry === undefined) return undefined;
    return {
      value: entry.value,
      origin: `.env:${entry.line} ${name}`,
      location: { file: ".env", line: entry.line },
    };
  }

  /** A variable that is set to something: an empty one counts as absent, as in libpq. */
  getNonEmpty(name: string): Variable | undefined {
    const variable = this.get(name);
    return variable === undefined || variable.value === "" ? undefined : variable;
  }

  names(): string[] {
    return [...Object.keys(this.#env), ...this.#dotenv.keys()];
  }
}
