import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The parts of a package.json that matter here. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const NOTICES = join(import.meta.dir, "release-notices");
const RULE = "=".repeat(80);

/**
 * The licences of everything inside the executable: the packages it depends on, directly or not, from
 * their own files, and what these and Bun contain, from release-notices.
 * @throws Error when a package comes without a licence text and there is no notice for it
 */
export function thirdPartyLicenses(root: string): string {
  const packages = shippedPackages(root).map(({ folder, manifest }) => ({
    title: `${manifest.name} ${manifest.version} (${manifest.license ?? "see below"})`,
    text: licenseText(folder, manifest),
  }));
  const contained = readdirSync(NOTICES)
    .filter((name) => name.startsWith("contained-"))
    .toSorted()
    .map((name) => {
      const [title = "", ...lines] = readFileSync(join(NOTICES, name), "utf8").split("\n");
      return { title, text: lines.join("\n").trim() };
    });
  const runtime = {
    title: "What Bun contains (from its documentation of the same version)",
    text: readFileSync(join(root, "node_modules", "bun-types", "docs", "project", "license.mdx"), "utf8").trim(),
  };
  const sections = [...packages, ...contained, runtime].map(
    ({ title, text }) => `${RULE}\n${title}\n${RULE}\n\n${text}\n`,
  );
  return `Confiture's executable contains the following software.\n\n${sections.join("\n")}`;
}

/** The production dependencies and theirs, in order of name. */
export function shippedPackages(root: string): { folder: string; manifest: Manifest }[] {
  const found = new Map<string, { folder: string; manifest: Manifest }>();
  const visit = (folder: string): void => {
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) {
      const dependency = resolvePackage(folder, name);
      if (found.has(dependency)) continue;
      found.set(dependency, { folder: dependency, manifest: readManifest(dependency) });
      visit(dependency);
    }
  };
  visit(root);
  return [...found.values()].toSorted((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1));
}

/** Where a package's dependency is installed: beside it or above it. */
function resolvePackage(from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) throw new Error(`${name}, a dependency of ${from}, is not installed`);
  }
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function licenseText(folder: string, manifest: Manifest): string {
  const files = readdirSync(folder).filter((name) => /^(un)?licen[cs]e|^copying|^notice/i.test(name));
  const notice = join(NOTICES, `package-${manifest.name.replaceAll("/", "__")}.txt`);
  const paths = files.length > 0 ? files.toSorted().map((name) => join(folder, name)) : [notice];
  if (!existsSync(paths[0]!)) {
    throw new Error(`${manifest.name} ships no licence file: put its licence (${manifest.license}) into ${notice}`);
  }
  return paths.map((path) => readFileSync(path, "utf8").trim()).join("\n\n");
}
