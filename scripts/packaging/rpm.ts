import type { ArchiveEntry } from "../release-archive.ts";
import type { ReleaseTarget } from "../release-targets.ts";
import { MAINTAINER, type Product, type ReleaseFile } from "./product.ts";
import { LIBC } from "./system-files.ts";
import { type XzOptions, xz } from "./xz.ts";

const ARCHITECTURES = { x64: { name: "x86_64", lead: 1 }, arm64: { name: "aarch64", lead: 19 } } as const;

/** 1980-01-01 00:00:00 UTC, as in the archives. */
const FIXED_TIME = 315_532_800;
const SHA256_ALGORITHM = 8;

/** No other package has files there, so it goes with this one. */
const OWN_FOLDER = "usr/share/doc/confiture/";

const LESS_OR_EQUAL = 0x02 | 0x08;
const GREATER_OR_EQUAL = 0x04 | 0x08;
const EQUAL = 0x08;
/** Something that rpm itself has to know. */
const RPMLIB = 1 << 24;

/**
 * A package for Fedora, RHEL, openSUSE and others (RPM format 4: lead, signature, header, cpio).
 * @param files what is installed, by path from the root
 */
export async function rpm(
  product: Product,
  target: ReleaseTarget,
  files: readonly ArchiveEntry[],
  compression: XzOptions,
): Promise<ReleaseFile> {
  const architecture = ARCHITECTURES[target.architecture];
  const version = product.version.replace("-", "~");
  const sorted = [...files, { name: OWN_FOLDER, data: new Uint8Array() }].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const archive = cpio(sorted);
  const payload = await xz(archive, compression);

  const folders = [...new Set(sorted.map(({ name }) => folderOf(name)))];
  const requires: readonly (readonly [name: string, flags: number, version: string])[] = [
    ["glibc", GREATER_OR_EQUAL, LIBC],
    ["rpmlib(CompressedFileNames)", RPMLIB | LESS_OR_EQUAL, "3.0.4-1"],
    ["rpmlib(FileDigests)", RPMLIB | LESS_OR_EQUAL, "4.6.0-1"],
    ["rpmlib(PayloadFilesHavePrefix)", RPMLIB | LESS_OR_EQUAL, "4.0-1"],
    ["rpmlib(PayloadIsXz)", RPMLIB | LESS_OR_EQUAL, "5.2-1"],
  ];
  const each = (value: (file: ArchiveEntry, index: number) => number): number[] => sorted.map(value);
  const header = section(63, [
    [100, strings(["C"])],
    [1000, string("confiture")],
    [1001, string(version)],
    [1002, string("1")],
    [1004, translated(product.summary)],
    [1005, translated(`${product.summary}.`)],
    [1006, int32([FIXED_TIME])],
    [1007, string("localhost")],
    [1009, int32([sorted.reduce((sum, { data }) => sum + data.length, 0)])],
    [1014, string(product.license)],
    [1015, string(MAINTAINER)],
    [1016, translated("Applications/Databases")],
    [1021, string("linux")],
    [1022, string(architecture.name)],
    [1028, int32(each(({ data }) => data.length))],
    [1030, int16(each((file) => modeOf(file)))],
    [1033, int16(each(() => 0))],
    [1034, int32(each(() => FIXED_TIME))],
    [1035, strings(sorted.map((file) => (isFolder(file) ? "" : sha256(file.data))))],
    [1036, strings(sorted.map(() => ""))],
    // 2 marks documentation.
    [1037, int32(each(({ name }) => (name.startsWith("usr/share/doc/") || name.startsWith("usr/share/man/") ? 2 : 0)))],
    [1039, strings(sorted.map(() => "root"))],
    [1040, strings(sorted.map(() => "root"))],
    [1044, string(`confiture-${version}-1.src.rpm`)],
    [1045, int32(each(() => -1))],
    [1047, strings(["confiture"])],
    [1048, int32(requires.map(([, flags]) => flags))],
    [1049, strings(requires.map(([name]) => name))],
    [1050, strings(requires.map(([, , needed]) => needed))],
    [1064, string("4.18.0")],
    [1095, int32(each(() => 1))],
    [1096, int32(each((_, index) => index + 1))],
    [1097, strings(sorted.map(() => ""))],
    [1112, int32([EQUAL])],
    [1113, strings([`${version}-1`])],
    [1116, int32(each(({ name }) => folders.indexOf(folderOf(name))))],
    [1117, strings(sorted.map(({ name }) => pathOf(name).slice(pathOf(name).lastIndexOf("/") + 1)))],
    [1118, strings(folders)],
    [1124, string("cpio")],
    [1125, string("xz")],
    [1126, string("9")],
    [5011, int32([SHA256_ALGORITHM])],
    [5062, string("utf-8")],
    [5092, strings([sha256(payload)])],
    [5093, int32([SHA256_ALGORITHM])],
  ]);
  const body = Buffer.concat([header, payload]);
  const signature = section(62, [
    [269, string(new Bun.CryptoHasher("sha1").update(header).digest("hex"))],
    [273, string(sha256(header))],
    [1000, int32([body.length])],
    [1004, binary(new Bun.CryptoHasher("md5").update(body).digest())],
    [1007, int32([archive.length])],
  ]);
  return {
    name: `confiture-${product.version}-1.${architecture.name}.rpm`,
    data: Buffer.concat([
      lead(`confiture-${version}-1`, architecture.lead),
      signature,
      Buffer.alloc(padding(signature.length, 8)),
      body,
    ]),
  };
}

/** Read by nothing but file(1) today. */
function lead(name: string, architecture: number): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.writeUInt32BE(0xedabeedb, 0);
  bytes.writeUInt8(3, 4);
  bytes.writeUInt16BE(architecture, 8);
  bytes.write(name, 10, 65, "ascii");
  bytes.writeUInt16BE(1, 76);
  bytes.writeUInt16BE(5, 78);
  return bytes;
}

interface Value {
  readonly type: number;
  readonly count: number;
  readonly alignment: number;
  readonly bytes: Buffer;
}

const int16 = (values: readonly number[]): Value => ({
  type: 3,
  count: values.length,
  alignment: 2,
  bytes: numbers(values, 2),
});
const int32 = (values: readonly number[]): Value => ({
  type: 4,
  count: values.length,
  alignment: 4,
  bytes: numbers(values, 4),
});
const string = (text: string): Value => ({ type: 6, count: 1, alignment: 1, bytes: Buffer.from(`${text}\0`) });
const binary = (bytes: Buffer): Value => ({ type: 7, count: bytes.length, alignment: 1, bytes });
const strings = (texts: readonly string[]): Value => ({
  type: 8,
  count: texts.length,
  alignment: 1,
  bytes: Buffer.from(texts.map((text) => `${text}\0`).join("")),
});
const translated = (text: string): Value => Object.assign({}, strings([text]), { type: 9 });

function numbers(values: readonly number[], width: 2 | 4): Buffer {
  const bytes = Buffer.alloc(values.length * width);
  for (const [index, value] of values.entries()) {
    if (width === 2) bytes.writeUInt16BE(value, index * width);
    else bytes.writeInt32BE(value | 0, index * width);
  }
  return bytes;
}

/** A header: an index of tags, and their values. The region's tag says that the index is as it was written. */
function section(region: number, values: readonly (readonly [tag: number, value: Value])[]): Buffer {
  const entries: Buffer[] = [];
  const store: Buffer[] = [];
  let at = 0;
  const add = (bytes: Buffer): void => {
    store.push(bytes);
    at += bytes.length;
  };
  for (const [tag, { type, count, alignment, bytes }] of values) {
    add(Buffer.alloc(padding(at, alignment)));
    entries.push(numbers([tag, type, at, count], 4));
    add(bytes);
  }
  const size = (values.length + 1) * 16;
  entries.unshift(numbers([region, 7, at, 16], 4));
  add(numbers([region, 7, -size, 16], 4));
  return Buffer.concat([
    Buffer.from([0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0]),
    numbers([entries.length, at], 4),
    ...entries,
    ...store,
  ]);
}

/** The "newc" form of cpio(5). */
function cpio(files: readonly ArchiveEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  const add = (name: string, mode: number, inode: number, data: Uint8Array): void => {
    const hex = (value: number): string => value.toString(16).padStart(8, "0");
    const fields = [inode, mode, 0, 0, 1, FIXED_TIME, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = Buffer.from(`070701${fields.map(hex).join("")}${name}\0`);
    parts.push(head, Buffer.alloc(padding(head.length, 4)), data, Buffer.alloc(padding(data.length, 4)));
  };
  for (const [index, file] of files.entries()) add(`./${pathOf(file.name)}`, modeOf(file), index + 1, file.data);
  add("TRAILER!!!", 0, 0, new Uint8Array());
  return Buffer.concat(parts);
}

function modeOf(file: ArchiveEntry): number {
  if (isFolder(file)) return 0o040755;
  return 0o100000 | (file.executable === true ? 0o755 : 0o644);
}

function isFolder({ name }: ArchiveEntry): boolean {
  return name.endsWith("/");
}

function pathOf(name: string): string {
  return name.replace(/\/$/, "");
}

function folderOf(name: string): string {
  return `/${name.slice(0, pathOf(name).lastIndexOf("/") + 1)}`;
}

function sha256(data: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(data).digest("hex");
}

function padding(length: number, block: number): number {
  return (block - (length % block)) % block;
}
