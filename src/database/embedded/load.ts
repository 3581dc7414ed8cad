import type { PackedFile } from "./pack.ts";
import type { UntouchedCatalogue } from "./prepare.ts";

/** Set when compiling: the assets are inside the executable and need no preparation. */
declare const CONFITURE_COMPILED: true | undefined;

/** The embedded files' contents. PostgreSQL's code is compiled once. */
export interface Assets {
  readonly postgresModule: () => Promise<WebAssembly.Module>;
  readonly fileSystem: Blob;
  readonly extensions: () => Promise<readonly PackedFile[]>;
  readonly cluster: () => Promise<readonly PackedFile[]>;
  readonly untouched: () => Promise<UntouchedCatalogue>;
}

let loading: Promise<Assets> | undefined;
let compiling: Promise<WebAssembly.Module> | undefined;

/**
 * Takes PostgreSQL's code from another thread of this process, before anything asks for it: it need not be compiled again, and what has
 * been made fast for one thread is fast for both.
 */
export function takeModule(code: WebAssembly.Module): void {
  compiling = Promise.resolve(code);
}

/** The files that PostgreSQL runs on: from inside the executable, or made now when running from source. */
export function loadAssets(): Promise<Assets> {
  return (loading ??= load());
}

async function load(): Promise<Assets> {
  if (typeof CONFITURE_COMPILED === "undefined") {
    const { prepareEmbeddedAssets } = await import("./prepare.ts");
    await prepareEmbeddedAssets();
  }
  const { cluster, extensions, fileSystem, postgresModule, untouched } = await import("./assets.ts");
  const { unpack } = await import("./pack.ts");
  let unpacking: Promise<Record<"cluster" | "extensions", readonly PackedFile[]>> | undefined;
  const packs = async () =>
    await (unpacking ??= Promise.all([cluster.bytes(), extensions.bytes()]).then(([clusterPack, extensionsPack]) => ({
      cluster: unpack(clusterPack),
      extensions: unpack(extensionsPack),
    })));
  return {
    postgresModule: () => (compiling ??= postgresModule.arrayBuffer().then((code) => WebAssembly.compile(code))),
    fileSystem,
    extensions: async () => (await packs()).extensions,
    cluster: async () => (await packs()).cluster,
    untouched: () => untouched.json() as Promise<UntouchedCatalogue>,
  };
}
