import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepareEmbeddedAssets } from "../src/database/embedded/prepare.ts";
import { deafen } from "./deafen.ts";
import { patchPlanner } from "./patch-planner.ts";
import { forgetBytecode, forgetDictionaries, forgetSources } from "./slim.ts";
import { signAdHoc } from "./release-macho.ts";

const ROOT = join(import.meta.dir, "..");

/**
 * An embedded PostgreSQL, and what compares and copies databases, most of which starts one first; PostgreSQL's parser, and
 * the rules of lint, which read what it has parsed.
 */
const BESIDE_AN_ENGINE =
  /(?:^|\/)(?:src\/(?:compare|lint|sync|database\/embedded)|@supabase\/pg-delta|@electric-sql\/pglite|libpg-query\/wasm)\//;

const PROGRAM = join(ROOT, "src", "main.ts");

/**
 * The threads that TypeScript migrations run in, that ends what takes too long in the embedded engine, that hears signals
 * and shows what goes on meanwhile, that builds for `verify`, and that sees what is saved while `dev` is at work.
 */
const THREADS = [
  "migrate/guest/thread.ts",
  "database/embedded/limit-thread.ts",
  "database/embedded/signals-thread.ts",
  "compare/verify/build-thread.ts",
  "compare/newer-save-thread.ts",
].map((path) => join(ROOT, "src", path));

export interface CompileOptions {
  /** The platform to compile for; this one when left out. Bun takes the runtime from the npm registry. */
  readonly target?: Bun.Build.CompileTarget;
  readonly outfile: string;
  /** Something else than the program, for tests of single parts. */
  readonly entry?: string;
}

/**
 * Compiles the program into one executable that needs nothing beside it: every file it reads at run time
 * is inside.
 * @throws Error with the compiler's messages
 */
export async function compile({ target, outfile, entry = PROGRAM }: CompileOptions): Promise<void> {
  await prepareEmbeddedAssets();
  const folder = dirname(resolve(outfile));
  await mkdir(folder, { recursive: true });
  // The compiler leaves copies of the source maps, which are inside already, beside what it writes.
  const workshop = await mkdtemp(join(folder, ".compile-"));
  try {
    const compiled = join(workshop, basename(outfile));
    await compileInto(compiled, entry, target);
    await rename(compiled, resolve(outfile));
  } finally {
    await rm(workshop, { recursive: true });
  }
}

async function compileInto(outfile: string, entry: string, target: Bun.Build.CompileTarget | undefined): Promise<void> {
  const result = await Bun.build({
    entrypoints: [entry, ...(entry === PROGRAM ? THREADS : [])],
    target: "bun",
    compile: {
      ...(target === undefined ? {} : { target }),
      outfile,
      // The working directory is a user's project; nothing in it may run or change settings.
      autoloadBunfig: false,
      autoloadDotenv: false,
      autoloadTsconfig: false,
      // What `main`, `exports` and `imports` say about the packages that a TypeScript migration imports; it sets nothing.
      autoloadPackageJson: true,
      // Most commands are over before compiling their JavaScript pays; long ones still get there.
      jitPolicy: 4,
    },
    bytecode: true,
    // A command reads its own modules, and not those of all the others.
    format: "esm",
    splitting: true,
    // Names stay, and a stack trace shows source files.
    minify: { whitespace: true, syntax: true },
    sourcemap: "linked",
    define: { CONFITURE_COMPILED: "true" },
    plugins: [forgetBrowsers, forgetPlace, embedParser, lightenDriver, patchPlanner],
    throw: false,
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n") || "the compiler failed without a message");
  // The compiler can fail quietly.
  const { size } = await stat(outfile);
  if (size < 1_000_000) throw new Error(`the compiler wrote only ${size} bytes`);
  await keepToItself(outfile, entry, target);
  await chmod(outfile, 0o755);
}

/** Takes what Bun would read from the environment out of its runtime, and what nothing needs. */
async function keepToItself(
  outfile: string,
  entry: string,
  target: Bun.Build.CompileTarget | undefined,
): Promise<void> {
  const executable = new Uint8Array(await readFile(outfile));
  deafen(executable);
  forgetSources(executable);
  forgetDictionaries(executable);
  if (entry === PROGRAM) forgetBytecode(executable, BESIDE_AN_ENGINE);
  // macOS runs no program that was changed after it was signed.
  const isForMac = target === undefined ? process.platform === "darwin" : target.includes("darwin");
  await writeFile(outfile, isForMac ? signAdHoc(executable, "confiture") : executable);
}

/**
 * Bun writes the path of a module on the compiling machine into the program. PGlite makes paths of files from
 * it, which would be found as long as that machine is the one it runs on.
 */
const forgetPlace: Bun.BunPlugin = {
  name: "forget-place",
  setup(build) {
    build.onLoad({ filter: /[/\\]pglite[/\\]dist[/\\].*\.js$/ }, async ({ path }) => {
      const original = await readFile(path, "utf8");
      return { contents: original.replaceAll("import.meta.url", HERE), loader: "js" };
    });
  },
};
const HERE = "Bun.pathToFileURL(process.execPath).href";

/** PGlite loads its file systems for browsers when a database is to lie in one. */
const forgetBrowsers: Bun.BunPlugin = {
  name: "forget-browsers",
  setup(build) {
    build.onLoad({ filter: /[/\\]pglite[/\\]dist[/\\]fs[/\\](?:opfs-ahp|memfs2opfs)\.js$/ }, () => ({
      contents: "export {};",
      loader: "js",
    }));
  },
};

/**
 * What the driver has for connecting and signing in, which the program does itself, would only be loaded; of streams it
 * needs those of COPY.
 */
const lightenDriver: Bun.BunPlugin = {
  name: "lighten-driver",
  setup(build) {
    build.onLoad({ filter: /[/\\]postgres[/\\]src[/\\](?:connection|large)\.js$/ }, async ({ path }) => {
      const original = await readFile(path, "utf8");
      const contents = original
        .replace(/^import (net|tls|crypto) from '\1'$/gm, "const $1 = undefined")
        .replace(/^import Stream from 'stream'$/m, "")
        .replaceAll(/\bnew Stream\./g, "new (require('stream')).");
      const left = /^import .* from '(?:net|tls|crypto|stream)'|\bStream\./m.exec(contents)?.[0];
      if (contents === original || left !== undefined) {
        throw new Error(`${path} has changed: lighten-driver no longer applies (${left})`);
      }
      return { contents, loader: "js" };
    });
  },
};

/**
 * libpg-query looks for its WebAssembly beside its own JavaScript, which is nowhere once compiled. The
 * factory's default becomes the copy inside the executable.
 */
const embedParser: Bun.BunPlugin = {
  name: "embed-libpg-query",
  setup(build) {
    build.onLoad({ filter: /[/\\]libpg-query[/\\]wasm[/\\]libpg-query\.js$/ }, async ({ path }) => {
      const original = await readFile(path, "utf8");
      const contents = original.replace("return scriptDirectory+path}", 'return require("./libpg-query.wasm")}');
      if (contents === original) throw new Error(`${path} has changed: embed-libpg-query no longer applies`);
      return { contents: contents.replaceAll(/__dirname|__filename/g, '""'), loader: "js" };
    });
  },
};

if (import.meta.main) {
  const { values } = parseArgs({
    options: { outfile: { type: "string" }, target: { type: "string" }, entry: { type: "string" } },
  });
  const outfile = values.outfile ?? join(ROOT, "dist", process.platform === "win32" ? "confiture.exe" : "confiture");
  await compile({
    outfile,
    ...(values.entry === undefined ? {} : { entry: values.entry }),
    ...(values.target === undefined ? {} : { target: values.target as Bun.Build.CompileTarget }),
  });
}
