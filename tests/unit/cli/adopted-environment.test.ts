import { expect, test } from "bun:test";
import { adoptedEnvironment } from "#cli/adopted-environment.ts";
import { loadConfig } from "#config/load.ts";
import { temporaryProject } from "../../support/project.ts";

test("what the URL of --from says is written down, but for its password", async () => {
  await using project = await temporaryProject();
  const config = await loadConfig({
    projectDir: project.dir,
    databaseUrl: "postgres://app:secret@db.example.com/shop?sslmode=require",
    databaseUrlFrom: "--from",
    env: {},
    homeDirectory: "",
    userName: "somebody",
  });
  const text = adoptedEnvironment(config, "production", "db/schema");
  expect(text).toContain("  host: db.example.com\n");
  expect(text).toContain("  sslmode: require\n");
  expect(text).not.toContain("secret");
});
