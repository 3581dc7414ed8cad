/** Set when compiling: the assets are inside the executable and need no preparation. */
declare const CONFITURE_COMPILED: true | undefined;

/** The embedded files' contents. Each call reads anew, for an engine to own; PostgreSQL's code is compiled once. */
export interface Assets {
  readonly postgresModule: () => Promise<WebAssembly.Module>;
  readonly fileSystem: Blob;
  readonly extensions: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly cluster: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly untouched: () => Promise<UntouchedCatalogue>;
}

/** The catalogue of a new database, as far as it shows whether anything was ever changed in one. */
export interface UntouchedCatalogue {
  /** The number that its first transaction gets. */
  readonly next: string;
  /** How many rows each table of pg_catalog has. */
  readonly tables: Readonly<Record<string, number>>;
}

let loading: Promise<Assets> | undefined;

/** The files that PostgreSQL runs on: from inside the executable, or made now when running from source. */
export function loadAssets(): Promise<Assets> {
  return (loading ??= load());
}

async function load(): Promise<Assets> {
  if (typeof CONFITURE_COMPILED === "undefined") {
    const { prepareEmbeddedAssets } = await import("./embedded-prepare.ts");
    await prepareEmbeddedAssets();
  }
  const { cluster, extensions, fileSystem, postgresModule, untouched } = await import("./embedded-assets.ts");
  let compiling: Promise<WebAssembly.Module> | undefined;
  return {
    postgresModule: () => (compiling ??= postgresModule.arrayBuffer().then((code) => WebAssembly.compile(code))),
    fileSystem,
    extensions: () => extensions.bytes(),
    cluster: () => cluster.bytes(),
    untouched: () => untouched.json() as Promise<UntouchedCatalogue>,
  };
}
