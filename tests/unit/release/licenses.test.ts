import { expect, test } from "bun:test";
import { thirdPartyLicenses } from "../../../scripts/release-licenses.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { ROOT } from "../../support/postgres-binaries.ts";
import { temporaryProject } from "../../support/project.ts";

test("every package in the executable has its licence, and so has what these contain", () => {
  const text = thirdPartyLicenses(ROOT);
  for (const [name, version] of Object.entries(packageJson.dependencies))
    expect(text).toContain(`${name} ${version} (`);
  for (const part of ["PostgreSQL Global Development Group", "Lukas Fittl", "JavaScriptCore", "Apache License"]) {
    expect(text).toContain(part);
  }
});

test("development tools are not in the executable and not in the list", () => {
  const text = thirdPartyLicenses(ROOT);
  // pg-delta needs `pg`, which is a tool of tests besides.
  const tools = Object.keys(packageJson.devDependencies).filter((name) => name !== "pg");
  for (const name of tools) expect(text).not.toContain(`\n${name} `);
});

test("a package without a licence text stops the release", async () => {
  await using project = await temporaryProject({
    "package.json": `{"name": "x", "version": "1.0.0", "dependencies": {"bare": "1.0.0"}}`,
    "node_modules/bare/package.json": `{"name": "bare", "version": "1.0.0", "license": "MIT"}`,
  });
  expect(() => thirdPartyLicenses(project.dir)).toThrow("bare ships no licence file");
});
