import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compile } from "../../scripts/compile.ts";
import { makeExecutable } from "../../scripts/release.ts";
import { RELEASE_TARGETS } from "../../scripts/release-targets.ts";
import { BINARY, builtBinary, type RunResult } from "../support/cli.ts";
import { HAS_MUSL, makeMuslLibraries, MUSL_LOADER } from "../support/musl.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { canMakeRoots, copyInto, librariesOf, runInRoot } from "../support/roots.ts";

/** There is no Docker engine in a test run: what the Dockerfile says is done to a folder, which then is the root of a process. */
setDefaultTimeout(120_000);

const isTried = process.arch === "x64" && canMakeRoots();
const dockerfile = await readFile(join(ROOT, "scripts/packaging/Dockerfile"), "utf8");
const NOBODY = 65532;
let folder = "";

beforeAll(async () => {
  // Not below /tmp of this user alone: another user runs what is in it.
  folder = await mkdtemp("/tmp/confiture-images-");
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The instructions below the line `FROM ... AS stage`. */
function stage(name: string): { from: string; steps: [instruction: string, rest: string][] } {
  const found = new RegExp(`^FROM (\\S+) AS ${name}\\n([^]*?)(?=^FROM |(?![^]))`, "m").exec(dockerfile);
  const lines = found![2]!.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return { from: found![1]!, steps: lines.map((line) => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)]) };
}

interface Image {
  readonly root: string;
  readonly run: (...args: string[]) => Promise<RunResult>;
}

/** Builds a stage in a folder. RUN is what the base does in `prepare`; an instruction that is not known here fails. */
async function build(
  name: string,
  executable: string,
  prepare: (root: string, run: string) => Promise<void>,
): Promise<Image> {
  const root = join(folder, name);
  for (const path of ["proc", "tmp", "dev"]) await mkdir(join(root, path), { recursive: true });
  await chmod(join(root, "tmp"), 0o1777);
  const config = { user: "", entry: [] as string[], workdir: "" };
  let installs = "";
  for (const [instruction, rest] of stage(name).steps) {
    switch (instruction) {
      case "RUN":
        installs = rest;
        break;
      case "COPY": {
        const [, from, source, to] = /^--from=(\w+) (\S+) (\S+)$/.exec(rest)!;
        expect(stage(from!).from).toBe(`${from}-\${TARGETARCH}`);
        expect(source).toBe("/confiture-*/confiture");
        await mkdir(join(root, dirname(to!)), { recursive: true });
        await copyFile(executable, join(root, to!));
        break;
      }
      case "USER":
        config.user = rest;
        break;
      case "WORKDIR":
        // Docker makes it for root; a user mounts a project there.
        config.workdir = rest;
        await mkdir(join(root, rest), { recursive: true });
        await chown(join(root, rest), NOBODY, NOBODY);
        break;
      case "ENTRYPOINT":
        config.entry = JSON.parse(rest) as string[];
        break;
      default:
        throw new Error(`${instruction} ${rest} is not tried`);
    }
  }
  await prepare(root, installs);
  expect(config).toEqual({ user: `${NOBODY}:${NOBODY}`, entry: ["/usr/local/bin/confiture"], workdir: "/project" });
  return {
    root,
    run: (...args) =>
      runInRoot(root, [...config.entry, "-C", config.workdir, ...args], { user: config.user, home: "/tmp" }),
  };
}

async function expectWork({ root, run }: Image): Promise<void> {
  expect(await run("--version")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Confiture version") });
  expect(await run("init", "--embedded")).toMatchObject({ exitCode: 0 });
  expect(await run("build")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("built successfully") });
  expect((await stat(join(root, "project/db"))).uid).toBe(NOBODY);
  expect(await run("migrate", "new", "add_user_bio")).toMatchObject({ exitCode: 0 });
  const migration = join(root, "project/db/migrations/001_add_user_bio.sql");
  await writeFile(migration, "ALTER TABLE users ADD COLUMN bio TEXT;\n");
  expect(await run("migrate", "up")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("001_add_user_bio applied"),
  });
  expect(await readdir(join(root, "tmp"))).toEqual([]);
}

test("each machine's image takes the archive of a release for it", async () => {
  const linux = RELEASE_TARGETS.filter(({ system }) => system === "linux");
  for (const { name, architecture, musl } of linux) {
    const { from, steps } = stage(`${musl === true ? "musl" : "glibc"}-${architecture === "x64" ? "amd64" : "arm64"}`);
    expect(from).toBe("scratch");
    expect(steps).toContainEqual(["ADD", `confiture-\${VERSION}-${name}.tar.gz /`]);
  }
  const builds = dockerfile.match(/docker build .*/g)!;
  expect(builds).toHaveLength(2);
  const document = await readFile(join(ROOT, "docs/installing.md"), "utf8");
  for (const line of builds) expect(document).toContain(`\n${line}\n`);
  // What is built without --target.
  expect(dockerfile.match(/^FROM .*/gm)!.at(-1)).toContain("distroless");
});

describe.skipIf(!isTried)("an image (Linux on x64, needs root)", () => {
  test("works on glibc alone", async () => {
    await builtBinary();
    const image = await build("distroless", BINARY, async (root, installs) => {
      expect(installs).toBe("");
      await copyInto(root, librariesOf(BINARY));
    });
    await expectWork(image);
  });

  test.skipIf(!HAS_MUSL)("works on musl with libstdc++ and libgcc alone", async () => {
    const target = RELEASE_TARGETS.find(({ name }) => name === "linux-x64-musl")!;
    const { data } = await makeExecutable(target, folder, compile);
    const executable = join(folder, "confiture-musl");
    await Bun.write(executable, data);
    await chmod(executable, 0o755);
    const image = await build("alpine", executable, async (root, installs) => {
      expect(installs).toBe("apk add --no-cache libstdc++ libgcc");
      await copyInto(root, [MUSL_LOADER]);
      await makeMuslLibraries(join(root, "usr/lib"));
    });
    await expectWork(image);
  });
});
