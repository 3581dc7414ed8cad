import { expect, test } from "bun:test";
import lock from "../../../package-lock.json" with { type: "json" };
import packageJson from "../../../package.json" with { type: "json" };

const { dependencies, devDependencies, optionalDependencies } = packageJson;

test("every dependency has one exact version", () => {
  const wanted = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(wanted.filter(([, version]) => !/^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test("the lock file is of this package.json", () => {
  const root = lock.packages[""];
  expect(root).toMatchObject({ version: packageJson.version, dependencies, devDependencies, optionalDependencies });
});

test("the lock file names no registry: each machine has its own", () => {
  const named = Object.entries(lock.packages).filter(([, entry]) => "resolved" in entry);
  expect(named.map(([path]) => path)).toEqual([]);
});

test("every locked package has its checksum", () => {
  const bare = Object.entries(lock.packages).filter(([path, entry]) => path !== "" && !("integrity" in entry));
  expect(bare.map(([path]) => path)).toEqual([]);
});
