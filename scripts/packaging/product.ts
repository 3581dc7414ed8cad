/** What every package says about the program. */
export interface Product {
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** One line. */
  readonly summary: string;
  readonly homepage?: string | undefined;
}

/** One file of a release. */
export interface ReleaseFile {
  /** Without folders. */
  readonly name: string;
  readonly data: Uint8Array;
}

/** Debian's and RPM's words for who answers for a package. */
export const MAINTAINER = "The Confiture maintainers <maintainers@users.noreply.github.com>";
