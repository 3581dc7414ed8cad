import { type ArchiveEntry, gzipped } from "../release-archive.ts";

/** The oldest glibc that the executable runs on: Bun's runtime names no newer symbol version than this. */
export const LIBC = "2.17";

/**
 * What a package of a Linux distribution installs, by path from the root.
 * @param documents as in the archives: LICENSE, README.md, man/..., completions/...
 */
export function systemFiles(executable: Uint8Array, documents: readonly ArchiveEntry[]): ArchiveEntry[] {
  return [
    { name: "usr/bin/confiture", data: executable, executable: true },
    ...documents.map(({ name, data }) => {
      const place = PLACES.find(({ pattern }) => pattern.test(name));
      if (place === undefined) throw new Error(`there is no place for ${name} in a package`);
      const path = `usr/share/${name.replace(place.pattern, place.path)}`;
      return path.startsWith("usr/share/man/") ? { name: `${path}.gz`, data: gzipped(data) } : { name: path, data };
    }),
  ];
}

const PLACES: readonly { pattern: RegExp; path: string }[] = [
  { pattern: /^LICENSE$/, path: "doc/confiture/copyright" },
  { pattern: /^([^/]+)$/, path: "doc/confiture/$1" },
  { pattern: /^man\//, path: "man/man1/" },
  { pattern: /^completions\/confiture\.bash$/, path: "bash-completion/completions/confiture" },
  { pattern: /^completions\/_confiture$/, path: "zsh/site-functions/_confiture" },
  { pattern: /^completions\/confiture\.fish$/, path: "fish/vendor_completions.d/confiture.fish" },
  { pattern: /^completions\/confiture\.ps1$/, path: "powershell/completions/confiture.ps1" },
];
