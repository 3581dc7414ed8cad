import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Action {
  readonly inputs?: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

/** What GitHub gives a job of a workflow, and a place for what the job leaves behind. */
export interface Runner {
  /** The checkout. */
  readonly repository: string;
  /** For the runner's own files. */
  readonly folder: string;
  /** The only variables besides those of GitHub and the workflow. */
  readonly env: Readonly<Record<string, string>>;
  /** `github`, `vars`, `secrets`, `inputs` of expressions. */
  readonly contexts: Readonly<Record<string, unknown>>;
}

export interface JobResult {
  readonly failed: boolean;
  /** Everything that the steps printed. */
  readonly log: string;
  readonly summary: string;
  /** Files given to actions/upload-artifact and upload-sarif, by name. */
  readonly uploads: Readonly<Record<string, string>>;
}

type Contexts = Readonly<Record<string, unknown>>;
type Outputs = Record<string, { outputs: Record<string, string> }>;

/**
 * Runs a job of a workflow file as GitHub does, as far as our own workflows need it: their `run` steps in bash, composite actions of the
 * repository, expressions, outputs, artifacts. Steps of GitHub's own actions are stood in for; an action, function or
 * context that is unknown here is an error.
 */
export async function runJob(runner: Runner, workflow: string, name: string): Promise<JobResult> {
  const { jobs } = parse(await readFile(join(runner.repository, workflow), "utf8")) as { jobs: Record<string, Job> };
  const job = jobs[name];
  if (job === undefined) throw new Error(`${workflow} has no job ${name}`);
  const temp = await mkdtemp(join(runner.folder, "runner-"));
  const run = new JobRun(runner, temp);
  const contexts = { ...runner.contexts, env: {} };
  await run.steps(job.steps, contexts, run.evaluateAll(job.env ?? {}, contexts));
  const summary = join(temp, "summary");
  return {
    failed: run.failed,
    log: run.log,
    summary: existsSync(summary) ? await readFile(summary, "utf8") : "",
    uploads: run.uploads,
  };
}

class JobRun {
  failed = false;
  log = "";
  readonly uploads: Record<string, string> = {};
  #path: string;
  readonly #runner: Runner;
  readonly #temp: string;

  constructor(runner: Runner, temp: string) {
    this.#runner = runner;
    this.#temp = temp;
    this.#path = runner.env["PATH"] ?? "";
  }

  evaluateAll(texts: Readonly<Record<string, unknown>>, contexts: Contexts): Record<string, string> {
    return Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, interpolate(String(text), contexts, this.failed)]),
    );
  }

  async steps(steps: readonly Step[], outer: Contexts, env: Readonly<Record<string, string>>): Promise<Outputs> {
    const outputs: Outputs = {};
    for (const step of steps) {
      const contexts = { ...outer, steps: outputs };
      const condition = step.if?.replace(/^\$\{\{(.*)\}\}$/, "$1");
      // A condition that asks nothing about the job's state has `success() &&` before it.
      const asksState = /\b(always|cancelled|failure|success)\(/.test(condition ?? "");
      if (this.failed && !asksState) continue;
      if (condition !== undefined && !isTrue(evaluate(condition, contexts, this.failed))) continue;
      const stepEnv = { ...env, ...this.evaluateAll(step.env ?? {}, contexts) };
      const set =
        step.run !== undefined
          ? await this.#shell(step, interpolate(step.run, contexts, this.failed), stepEnv)
          : await this.#action(step.uses ?? "", this.evaluateAll(step.with ?? {}, contexts), contexts, stepEnv);
      if (step.id !== undefined) outputs[step.id] = { outputs: set };
    }
    return outputs;
  }

  async #shell(step: Step, script: string, env: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const [output, path] = [join(this.#temp, "output"), join(this.#temp, "path")];
    for (const file of [output, path]) await writeFile(file, "");
    const options = step.shell === undefined ? ["-e"] : ["--noprofile", "--norc", "-eo", "pipefail"];
    const file = join(this.#temp, "step.sh");
    await writeFile(file, script);
    const child = Bun.spawn(["bash", ...options, file], {
      cwd: this.#runner.repository,
      env: {
        ...this.#runner.env,
        RUNNER_OS: "Linux",
        RUNNER_ARCH: process.arch === "arm64" ? "ARM64" : "X64",
        RUNNER_TEMP: this.#temp,
        GITHUB_OUTPUT: output,
        GITHUB_PATH: path,
        GITHUB_STEP_SUMMARY: join(this.#temp, "summary"),
        GITHUB_REPOSITORY: "owner/shop",
        ...env,
        PATH: this.#path,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    this.log += stdout + stderr;
    if (exitCode !== 0) this.failed = true;
    for (const folder of (await readFile(path, "utf8")).split("\n").filter(Boolean))
      this.#path = `${folder}:${this.#path}`;
    const lines = (await readFile(output, "utf8")).split("\n").filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  }

  async #action(
    uses: string,
    given: Readonly<Record<string, string>>,
    contexts: Contexts,
    env: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    const { repository, folder } = this.#runner;
    if (uses.startsWith("./")) return await this.#composite(join(repository, uses, "action.yml"), given, contexts, env);
    const artifacts = join(folder, "artifacts", given["name"] ?? "");
    switch (uses.split("@")[0]) {
      case "actions/checkout":
        return {};
      case "actions/upload-artifact":
        await mkdir(artifacts, { recursive: true });
        for (const path of (given["path"] ?? "").trim().split("\n")) {
          await copyFile(join(repository, path), join(artifacts, basename(path)));
        }
        return {};
      case "actions/download-artifact":
        for await (const path of new Bun.Glob("*").scan(artifacts)) {
          await copyFile(join(artifacts, path), join(repository, path));
        }
        return {};
      case "github/codeql-action/upload-sarif":
        this.uploads["sarif"] = await readFile(given["sarif_file"] ?? "", "utf8");
        return {};
      default:
        throw new Error(`nothing stands in for ${uses}`);
    }
  }

  async #composite(
    file: string,
    given: Readonly<Record<string, string>>,
    contexts: Contexts,
    env: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    const { inputs = {}, outputs = {}, runs } = parse(await readFile(file, "utf8")) as Action;
    for (const name of Object.keys(given)) if (!(name in inputs)) throw new Error(`${file} has no input ${name}`);
    const values: Record<string, string> = {};
    for (const [name, input] of Object.entries(inputs)) {
      if (input.required === true && given[name] === undefined) throw new Error(`${file} needs the input ${name}`);
      values[name] = given[name] ?? interpolate(input.default ?? "", contexts, this.failed);
    }
    const set = await this.steps(runs.steps, { ...contexts, inputs: values }, env);
    return this.evaluateAll(Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])), {
      ...contexts,
      steps: set,
    });
  }
}

function interpolate(text: string, contexts: Contexts, failed: boolean): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const value = evaluate(expression, contexts, failed) ?? "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

const isTrue = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== false;

/** Strings, contexts, `!`, `==`, `!=`, `&&`, `||`, parentheses, and the functions about a job's state. */
function evaluate(expression: string, contexts: Contexts, failed: boolean): unknown {
  const tokens = expression.match(/'[^']*'|[\w.-]+|==|!=|&&|\|\||[!()]|\S/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && at++ >= 0;
  const functions: Readonly<Record<string, () => boolean>> = {
    always: () => true,
    cancelled: () => false,
    failure: () => failed,
    success: () => !failed,
  };
  const value = (): unknown => {
    if (take("!")) return !isTrue(value());
    if (take("(")) {
      const inner = either();
      if (!take(")")) throw new Error(`no ) in ${expression}`);
      return inner;
    }
    const token = tokens[at++] ?? "";
    if (token.startsWith("'")) return token.slice(1, -1);
    if (take("(")) {
      const call = functions[token];
      if (call === undefined || !take(")")) throw new Error(`cannot call ${token} in ${expression}`);
      return call();
    }
    const [context = "", ...path] = token.split(".");
    if (!(context in contexts)) throw new Error(`there is no context ${context} in ${expression}`);
    return path.reduce<unknown>((from, key) => (from as Contexts | undefined)?.[key], contexts[context]);
  };
  const comparison = (): unknown => {
    const left = value();
    // What is not there equals the empty text.
    if (take("==")) return (left ?? "") === (value() ?? "");
    if (take("!=")) return (left ?? "") !== (value() ?? "");
    return left;
  };
  const both = (): unknown => {
    let left = comparison();
    while (take("&&")) {
      const right = comparison();
      left = isTrue(left) ? right : left;
    }
    return left;
  };
  const either = (): unknown => {
    let left = both();
    while (take("||")) {
      const right = both();
      left = isTrue(left) ? left : right;
    }
    return left;
  };
  const result = either();
  if (at !== tokens.length) throw new Error(`cannot read ${expression}`);
  return result;
}
