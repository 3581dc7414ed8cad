import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Product, ReleaseFile } from "./product.ts";

export interface ProvenanceOptions {
  readonly product: Product;
  readonly root: string;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly targets: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How the files came to be: an in-toto statement with a SLSA provenance (v1), one line of JSON. */
export async function provenance(options: ProvenanceOptions): Promise<ReleaseFile> {
  const { product, root, files, targets, env } = options;
  const lock = new Bun.CryptoHasher("sha256").update(await readFile(join(root, "package-lock.json"))).digest("hex");
  const commit = git(root, "rev-parse", "HEAD");
  const isChanged = git(root, "status", "--porcelain", "--untracked-files=no") !== "";
  const server = env["GITHUB_SERVER_URL"];
  const repository = server === undefined ? undefined : `${server}/${env["GITHUB_REPOSITORY"]}`;
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: `${repository ?? "urn:confiture"}/scripts/release`,
        externalParameters: { version: product.version, targets },
        internalParameters: { bun: Bun.version, ...(isChanged ? { uncommittedChanges: true } : {}) },
        resolvedDependencies: [
          ...(commit === ""
            ? []
            : [{ uri: `git+${repository ?? "file:."}`, digest: { gitCommit: commit }, name: "source" }]),
          { name: "package-lock.json", digest: { sha256: lock } },
        ],
      },
      runDetails: {
        builder: {
          id: repository === undefined ? "urn:confiture:local" : `${repository}/${env["GITHUB_WORKFLOW_REF"] ?? ""}`,
        },
        metadata:
          repository === undefined ? {} : { invocationId: `${repository}/actions/runs/${env["GITHUB_RUN_ID"]}` },
      },
    },
  };
  return {
    name: `confiture-${product.version}.intoto.json`,
    data: Buffer.from(`${JSON.stringify(statement)}\n`),
  };
}

/** What git says; nothing outside a checkout. */
function git(root: string, ...args: string[]): string {
  if (Bun.which("git") === null) return "";
  const { success, stdout } = Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" });
  return success ? stdout.toString().trim() : "";
}
