import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { readIfThere, readRegularFile } from "#files/read.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

describe("only regular files are read, and the rest is named at once", () => {
  test.each([
    ["a FIFO", "fifo", /FIFO/],
    ["a link to a FIFO", "link", /FIFO/],
    ["a folder", "folder", /folder/],
    ["a device", "device", /device/],
    ["a socket", "socket", /socket/],
  ])("%s", async (_what, name, kind) => {
    await using project = await temporaryProject({ "folder/x": "" });
    Bun.spawnSync(["mkfifo", project.path("fifo")]);
    symlinkSync("fifo", project.path("link"));
    symlinkSync("/dev/zero", project.path("device"));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(project.path("socket"), resolve));
    const error = await failureOf(async () => readRegularFile(project.path(name), `db/${name}`));
    server.close();
    expect(error).toMatchObject({ code: "file_not_regular", exitCode: 4, location: { file: `db/${name}` } });
    expect(error.message).toMatch(kind);
  });
});

test("a file that is not there is told from one that cannot be read", async () => {
  await using project = await temporaryProject({ x: "text" });
  expect(readIfThere(project.path("y"), "y")).toBeUndefined();
  expect(readIfThere(project.path("x/y"), "x/y")).toBeUndefined();
  expect(readIfThere(project.path("x"), "x")?.toString()).toBe("text");
  expect(await failureOf(async () => readRegularFile(project.path("y"), "y"))).toMatchObject({
    code: "file_unreadable",
    location: { file: "y" },
  });
});
