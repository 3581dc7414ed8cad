/**
 * The files that have to travel inside the executable. Load this module only with `import()`, and from
 * source only after `prepareEmbeddedAssets()`, which makes three of them.
 */
import clusterPath from "../../../.cache/embedded/cluster.pack" with { type: "file" };
import extensionsPath from "../../../.cache/embedded/extensions.pack" with { type: "file" };
import untouchedPath from "../../../.cache/embedded/untouched.data" with { type: "file" };
import fileSystemPath from "../../../node_modules/@electric-sql/pglite/dist/pglite.data" with { type: "file" };
import modulePath from "../../../node_modules/@electric-sql/pglite/dist/pglite.wasm" with { type: "file" };

/** An initialised database cluster: a data folder as initdb leaves it. */
export const cluster = Bun.file(clusterPath);
/** What its catalogue holds. */
export const untouched = Bun.file(untouchedPath);
/** The contrib extensions, relative to PostgreSQL's installation folder. */
export const extensions = Bun.file(extensionsPath);
/** PostgreSQL's installation folder. */
export const fileSystem = Bun.file(fileSystemPath);
/** PostgreSQL itself. */
export const postgresModule = Bun.file(modulePath);
