import { describe, expect, test } from "bun:test";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../support/postgres-binaries.ts";

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { uses?: string; run?: string }[] }>>;
}

const FILES = [".github/**/*.yml", "examples/**/*.yml"].flatMap((pattern) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true })].toSorted(),
);
const read = (file: string): unknown => parse(readFileSync(join(ROOT, file), "utf8"), { strict: true });
const WORKFLOWS = FILES.filter((file) => file.includes(".github/workflows/"));

test.each(FILES)("%s is YAML", (file) => {
  expect(read(file)).toBeObject();
});

describe.each(WORKFLOWS)("%s", (file) => {
  const workflow = read(file) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test("says which rights its token has", () => {
    expect(workflow.permissions).toBeObject();
  });

  test("uses actions by their version, and those of this repository that are there", () => {
    const uses = steps.flatMap((step) => step.uses ?? []);
    expect(uses).not.toEqual([]);
    for (const action of uses) {
      if (action.startsWith("./"))
        expect({ action, exists: existsSync(join(ROOT, action, "action.yml")) }).toEqual({ action, exists: true });
      else expect(action).toMatch(/^(actions|github)\/[\w/-]+@v\d+$/);
    }
  });

  // Whoever opens a pull request chooses its title and the name of its branch.
  test("puts no expression into a script", () => {
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });
});

test.each(WORKFLOWS.filter((file) => file.startsWith(".github/")))("%s runs programs of this repository", (file) => {
  const steps = Object.values((read(file) as Workflow).jobs).flatMap((job) => job.steps);
  const programs = steps.flatMap(({ run = "" }) => run.match(/^(\.ci|scripts)\/\S+/gm) ?? []);
  expect(programs).not.toEqual([]);
  for (const program of programs) accessSync(join(ROOT, program), constants.X_OK);
});
