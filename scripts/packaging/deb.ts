import { type ArchiveEntry, tar, tarGz } from "../release-archive.ts";
import type { ReleaseTarget } from "../release-targets.ts";
import { MAINTAINER, type Product, type ReleaseFile } from "./product.ts";
import { LIBC } from "./system-files.ts";
import { type XzOptions, xz } from "./xz.ts";

const ARCHITECTURES = { x64: "amd64", arm64: "arm64" } as const;

/**
 * A package for Debian and Ubuntu (deb(5), deb-control(5)).
 * @param files what is installed, by path from the root
 */
export async function deb(
  product: Product,
  target: ReleaseTarget,
  files: readonly ArchiveEntry[],
  compression: XzOptions,
): Promise<ReleaseFile> {
  const architecture = ARCHITECTURES[target.architecture];
  const size = files.reduce((sum, { data }) => sum + Math.ceil(data.length / 1024), 0);
  const control = `Package: confiture
Version: ${product.version.replace("-", "~")}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: libc6 (>= ${LIBC})
Section: database
Priority: optional
Description: ${product.summary}
 Confiture keeps a PostgreSQL schema as SQL files: it builds fresh databases
 from them, and moves existing databases with migrations in SQL or TypeScript.
 It carries PostgreSQL itself, so that no server is needed to develop with it.
`;
  const sums = files.map(({ name, data }) => `${new Bun.CryptoHasher("md5").update(data).digest("hex")}  ${name}\n`);
  const inside = (name: string, text: string): ArchiveEntry => ({ name: `./${name}`, data: Buffer.from(text) });
  return {
    name: `confiture_${product.version}_${architecture}.deb`,
    data: ar([
      { name: "debian-binary", data: Buffer.from("2.0\n") },
      { name: "control.tar.gz", data: tarGz([inside("control", control), inside("md5sums", sums.join(""))]) },
      { name: "data.tar.xz", data: await xz(tar(withFolders(files)), compression) },
    ]),
  };
}

/** dpkg makes no folder that the archive does not name. */
function withFolders(files: readonly ArchiveEntry[]): ArchiveEntry[] {
  const folders = new Set<string>(["./"]);
  for (const { name } of files) {
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) folders.add(`./${name.slice(0, at + 1)}`);
  }
  return [
    ...[...folders].map((name) => ({ name, data: new Uint8Array() })),
    ...files.map((file) => Object.assign({}, file, { name: `./${file.name}` })),
  ];
}

/** The archive format of ar(1), with short names. */
function ar(members: readonly { readonly name: string; readonly data: Uint8Array }[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("!<arch>\n")];
  for (const { name, data } of members) {
    const fields = [name.padEnd(16), "0".padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8)];
    parts.push(Buffer.from(`${fields.join("")}${String(data.length).padEnd(10)}\`\n`), data);
    if (data.length % 2 === 1) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}
