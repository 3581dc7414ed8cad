import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { shippedPackages } from "../release-licenses.ts";
import type { Product, ReleaseFile } from "./product.ts";

interface Component {
  readonly type: "library" | "application" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly "bom-ref": string;
  readonly description?: string;
}

/** What is in the executable, as CycloneDX 1.6 (JSON). The same for the same dependencies: no time, no random number. */
export async function sbom(product: Product, root: string): Promise<ReleaseFile> {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const packages = shippedPackages(root).map(({ folder, manifest }): Component => {
    const purl = purlOf(manifest.name, manifest.version);
    const integrity = lock.packages[folder.slice(root.length + 1).replaceAll("\\", "/")]?.integrity;
    return {
      type: "library",
      name: manifest.name,
      version: manifest.version,
      purl,
      "bom-ref": purl,
      ...(manifest.license === undefined ? {} : { licenses: [licenseOf(manifest.license)] }),
      ...(integrity?.startsWith("sha512-") === true
        ? { hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.slice(7), "base64").toString("hex") }] }
        : {}),
    };
  });
  const components = [...packages, ...(await contained(root))];
  const self = `pkg:generic/confiture@${product.version}`;
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        name: "confiture",
        version: product.version,
        description: product.summary,
        purl: self,
        "bom-ref": self,
        licenses: [licenseOf(product.license)],
      },
    },
    components,
    dependencies: [{ ref: self, dependsOn: components.map((component) => component["bom-ref"]) }],
  };
  return {
    name: `confiture-${product.version}.cdx.json`,
    data: Buffer.from(`${JSON.stringify(document, null, 2)}\n`),
  };
}

/** What is no npm package of ours, but inside one. */
async function contained(root: string): Promise<Component[]> {
  const versionOf = async (name: string): Promise<string> =>
    (JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string })
      .version;
  const bun = await versionOf("bun");
  const parser = await versionOf("libpg-query");
  // What it answers to `select version()`.
  const engine = join("node_modules", "@electric-sql", "pglite", "dist", "pglite.wasm");
  const postgres = /PostgreSQL (\d+\.\d+) \(PGlite/.exec(await readFile(join(root, engine), "latin1"))?.[1];
  if (postgres === undefined) throw new Error(`${engine} does not say which PostgreSQL it is`);
  return [
    {
      type: "platform",
      name: "bun",
      version: bun,
      purl: `pkg:github/oven-sh/bun@bun-v${bun}`,
      "bom-ref": `bun@${bun}`,
      licenses: [licenseOf("MIT")],
      description: "The runtime; what it contains is listed in THIRD-PARTY-LICENSES",
    },
    {
      type: "application",
      name: "postgresql",
      version: postgres,
      purl: `pkg:generic/postgresql@${postgres}`,
      "bom-ref": `postgresql@${postgres}`,
      licenses: [licenseOf("PostgreSQL")],
      description: "Compiled to WebAssembly, inside @electric-sql/pglite",
    },
    {
      type: "library",
      name: "libpg_query",
      version: parser,
      purl: `pkg:github/pganalyze/libpg_query@${parser}`,
      "bom-ref": `libpg_query@${parser}`,
      licenses: [licenseOf("BSD-3-Clause")],
      description: "PostgreSQL's parser, compiled to WebAssembly, inside libpg-query",
    },
  ];
}

function licenseOf(spdx: string): { license?: { id: string }; expression?: string } {
  return /^[\w.+-]+$/.test(spdx) ? { license: { id: spdx } } : { expression: spdx.replace(/^\(|\)$/g, "") };
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}
