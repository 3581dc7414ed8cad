import { expect, test } from "bun:test";
import { readVersion } from "#database/engine.ts";

test.each([
  ["PostgreSQL 16.2 (Debian 16.2-1.pgdg120+2) on x86_64-pc-linux-gnu, compiled by gcc", "PostgreSQL", "16.2"],
  ["PostgreSQL 18beta1, compiled by Visual C++ build 1944, 64-bit", "PostgreSQL", "18beta1"],
  ["PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu, compiled by clang", "YugabyteDB", "2.20.1.0"],
  ["CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)", "CockroachDB", "23.1.11"],
  ["PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.63282", "Redshift", "1.0.63282"],
  ["Something 1.0", "unknown", "Something 1.0"],
])("%s", (text, name, version) => {
  expect(readVersion(text)).toEqual({ name, version });
});
