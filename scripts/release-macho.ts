/**
 * Checks and makes the ad-hoc code signature of macOS executables. A Mac kills a file at launch when a
 * page's hash in the signature is wrong, and cross-compiling leaves wrong ones behind: the compiler
 * changes the file after its runtime was signed.
 *
 * Thin 64-bit files only. The formats are Apple's mach-o/loader.h and cs_blobs.h; the load commands are
 * little-endian, the signature is big-endian.
 */

const MH_MAGIC_64 = 0xfeedfacf;
const MH_EXECUTE = 2;
const HEADER_SIZE = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;

const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade0c02;
const CSSLOT_CODEDIRECTORY = 0;
const CSSLOT_SIGNATURE = 0x10000;

const CS_HASHTYPE_SHA256 = 2;
const HASH_SIZE = 32;
/** Both architectures sign pages of 4 KiB, whatever size of page the processor uses. */
const PAGE_SHIFT = 12;
const PAGE_SIZE = 1 << PAGE_SHIFT;
const VERSION_EXEC_SEGMENT = 0x20400;
/** The fixed part of a CodeDirectory of that version. */
const CODE_DIRECTORY_SIZE = 88;
/** Ad hoc, and marked as a linker's, so that `codesign` replaces it without --force. */
const FLAGS = 0x2 | 0x20000;
const CS_EXECSEG_MAIN_BINARY = 1;

/** Segments lie on the largest page of either architecture. */
const SEGMENT_ALIGNMENT = 0x4000;

export const CPU_TYPES = { x64: 0x01000007, arm64: 0x0100000c } as const;

export interface SignatureReport {
  /** How many pages the signature covers. */
  readonly pages: number;
  /** Everything that is wrong, in words; empty when the file is good. */
  readonly faults: readonly string[];
}

/** The file is no executable this module understands. */
export class MachoError extends Error {}

interface Segment {
  readonly name: string;
  /** Where its load command is in the file. */
  readonly command: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

interface Layout {
  readonly cpuType: number;
  readonly segments: readonly Segment[];
  readonly text: Segment;
  readonly linkEdit: Segment;
  /** LC_CODE_SIGNATURE: where it is, and where the signature is. */
  readonly signature: { readonly command: number; readonly offset: number; readonly size: number };
}

/** Reads the load commands. */
function readLayout(file: Uint8Array): Layout {
  const view = viewOf(file);
  if (file.length < HEADER_SIZE || view.getUint32(0, true) !== MH_MAGIC_64) {
    throw new MachoError("not a thin 64-bit Mach-O file");
  }
  if (view.getUint32(12, true) !== MH_EXECUTE) throw new MachoError("not an executable");
  const count = view.getUint32(16, true);
  const end = HEADER_SIZE + view.getUint32(20, true);
  if (end > file.length) throw new MachoError("the load commands are cut off");

  const segments: Segment[] = [];
  let signature: Layout["signature"] | undefined;
  let offset = HEADER_SIZE;
  for (let i = 0; i < count; i++) {
    const size = offset + 8 <= end ? view.getUint32(offset + 4, true) : 0;
    if (size < 8 || offset + size > end) throw new MachoError("a load command is cut off");
    const kind = view.getUint32(offset, true);
    if (kind === LC_SEGMENT_64) {
      segments.push({
        name: new TextDecoder().decode(file.subarray(offset + 8, offset + 24)).replace(/\0.*$/s, ""),
        command: offset,
        memorySize: Number(view.getBigUint64(offset + 32, true)),
        fileOffset: Number(view.getBigUint64(offset + 40, true)),
        fileSize: Number(view.getBigUint64(offset + 48, true)),
      });
    } else if (kind === LC_CODE_SIGNATURE) {
      signature = {
        command: offset,
        offset: view.getUint32(offset + 8, true),
        size: view.getUint32(offset + 12, true),
      };
    }
    offset += size;
  }

  const named = (name: string): Segment => {
    const found = segments.find((segment) => segment.name === name);
    if (found === undefined) throw new MachoError(`there is no ${name} segment`);
    return found;
  };
  if (signature === undefined) throw new MachoError("there is no code signature");
  return {
    cpuType: view.getUint32(4, true),
    segments,
    text: named("__TEXT"),
    linkEdit: named("__LINKEDIT"),
    signature,
  };
}

/** The processor a file is for, as its number in the header. */
export function cpuTypeOf(file: Uint8Array): number {
  return readLayout(file).cpuType;
}

/**
 * Recomputes the hash of every page and of every part the signature covers, and compares.
 * @throws MachoError when the file is no executable this module understands
 */
export function checkSignature(file: Uint8Array): SignatureReport {
  const layout = readLayout(file);
  const faults = checkLayout(file, layout);
  const blobs = readBlobs(file, layout, faults);
  const directory = blobs.get(CSSLOT_CODEDIRECTORY);
  if (directory === undefined) return { pages: 0, faults: [...faults, "the signature has no code directory"] };
  return { pages: checkCodeDirectory(file, layout, directory, blobs, faults), faults };
}

/** The signature has to be the end of __LINKEDIT, which has to be the end of the file. */
function checkLayout(file: Uint8Array, { segments, linkEdit, signature }: Layout): string[] {
  const faults: string[] = [];
  const end = signature.offset + signature.size;
  if (end !== file.length) faults.push(`the signature ends at ${end}, the file at ${file.length}`);
  const segmentEnd = linkEdit.fileOffset + linkEdit.fileSize;
  if (segmentEnd !== file.length) faults.push(`__LINKEDIT ends at ${segmentEnd}, the file at ${file.length}`);
  if (signature.offset < linkEdit.fileOffset) faults.push("the signature begins before __LINKEDIT");
  if (linkEdit.memorySize < linkEdit.fileSize) faults.push("__LINKEDIT is larger in the file than in memory");
  let previous = 0;
  for (const segment of segments) {
    if (segment.fileSize === 0) continue;
    if (segment.fileOffset < previous) faults.push(`${segment.name} overlaps the segment before it`);
    previous = segment.fileOffset + segment.fileSize;
  }
  return faults;
}

/** The parts of the signature by slot number. */
function readBlobs(file: Uint8Array, { signature }: Layout, faults: string[]): Map<number, Uint8Array> {
  const blobs = new Map<number, Uint8Array>();
  const whole = file.subarray(signature.offset, signature.offset + signature.size);
  if (whole.length < 12) {
    faults.push("the signature is cut off");
    return blobs;
  }
  const view = viewOf(whole);
  if (view.getUint32(0) !== CSMAGIC_EMBEDDED_SIGNATURE) faults.push("the signature does not begin as one");
  const length = view.getUint32(4);
  const count = view.getUint32(8);
  if (length > whole.length || 12 + count * 8 > length) {
    faults.push("the signature is longer than its room");
    return blobs;
  }
  for (let i = 0; i < count; i++) {
    const slot = view.getUint32(12 + i * 8);
    const offset = view.getUint32(16 + i * 8);
    const size = offset + 8 <= length ? view.getUint32(offset + 4) : 0;
    if (size < 8 || offset + size > length) faults.push(`part ${slot} of the signature is cut off`);
    else blobs.set(slot, whole.subarray(offset, offset + size));
  }
  return blobs;
}

function checkCodeDirectory(
  file: Uint8Array,
  layout: Layout,
  directory: Uint8Array,
  blobs: ReadonlyMap<number, Uint8Array>,
  faults: string[],
): number {
  const view = viewOf(directory);
  if (directory.length < CODE_DIRECTORY_SIZE || view.getUint32(0) !== CSMAGIC_CODEDIRECTORY) {
    faults.push("the code directory does not begin as one");
    return 0;
  }
  const version = view.getUint32(8);
  const hashOffset = view.getUint32(16);
  const identifierOffset = view.getUint32(20);
  const specialCount = view.getUint32(24);
  const pageCount = view.getUint32(28);
  const codeLimit = view.getUint32(32);
  const pageShift = view.getUint8(39);
  if (version < VERSION_EXEC_SEGMENT) faults.push(`the code directory is of the old version ${version.toString(16)}`);
  if (view.getUint8(37) !== CS_HASHTYPE_SHA256 || view.getUint8(36) !== HASH_SIZE) {
    faults.push("the hashes are not SHA-256");
    return 0;
  }
  if (pageShift !== PAGE_SHIFT) {
    faults.push(`the pages are of 2^${pageShift} bytes, not of ${PAGE_SIZE}`);
    return 0;
  }
  if (identifierOffset >= directory.length || directory[identifierOffset] === 0) faults.push("there is no identifier");
  if (hashOffset < specialCount * HASH_SIZE || hashOffset + pageCount * HASH_SIZE > directory.length) {
    faults.push("the code directory has no room for its hashes");
    return 0;
  }
  if (codeLimit !== layout.signature.offset) {
    faults.push(`the signature covers ${codeLimit} bytes, but begins at ${layout.signature.offset}`);
  }
  const expectedPages = Math.ceil(layout.signature.offset / PAGE_SIZE);
  if (pageCount !== expectedPages) faults.push(`the signature has ${pageCount} pages, the file ${expectedPages}`);
  const execBase = Number(view.getBigUint64(64));
  const execLimit = Number(view.getBigUint64(72));
  if (execBase !== layout.text.fileOffset || execLimit !== layout.text.fileSize) {
    faults.push("the signature names another range as the program's code");
  }

  let wrong = 0;
  for (let page = 0; page < pageCount; page++) {
    const bytes = file.subarray(page * PAGE_SIZE, Math.min((page + 1) * PAGE_SIZE, codeLimit));
    const at = hashOffset + page * HASH_SIZE;
    if (sha256(bytes).equals(directory.subarray(at, at + HASH_SIZE))) continue;
    wrong++;
    if (wrong <= 3) faults.push(`page ${page} (offset ${page * PAGE_SIZE}) does not match its hash`);
  }
  if (wrong > 3) faults.push(`${wrong} of ${pageCount} pages do not match their hashes`);

  // Special slots count down from the hashes; an empty one is zero. Slots 1 and 3 are of files outside this one.
  for (let slot = 1; slot <= specialCount; slot++) {
    const at = hashOffset - slot * HASH_SIZE;
    const hash = directory.subarray(at, at + HASH_SIZE);
    const blob = blobs.get(slot);
    const isEmpty = hash.every((byte) => byte === 0);
    if (blob === undefined ? !isEmpty : !sha256(blob).equals(hash)) {
      faults.push(`special slot ${slot} does not match its part of the signature`);
    }
  }
  for (const slot of blobs.keys()) {
    if (slot !== CSSLOT_CODEDIRECTORY && slot < CSSLOT_SIGNATURE && slot > specialCount) {
      faults.push(`part ${slot} of the signature has no hash`);
    }
  }
  return pageCount;
}

/**
 * Replaces the signature by an ad-hoc one over all pages. The result is a new file; the same file and
 * identifier give the same bytes, signed before or not.
 * @throws MachoError when the file is no executable this module understands
 */
export function signAdHoc(file: Uint8Array, identifier: string): Uint8Array {
  const { text, linkEdit, signature } = readLayout(file);
  const codeLimit = signature.offset;
  if (codeLimit % 16 !== 0 || codeLimit > file.length) throw new MachoError(`a signature cannot begin at ${codeLimit}`);
  if (codeLimit < linkEdit.fileOffset) throw new MachoError("the signature begins before __LINKEDIT");

  const name = new TextEncoder().encode(`${identifier}\0`);
  const pages = Math.ceil(codeLimit / PAGE_SIZE);
  const directoryOffset = 12 + 8;
  const hashOffset = alignUp(directoryOffset + CODE_DIRECTORY_SIZE + name.length, 16) - directoryOffset;
  const directorySize = hashOffset + pages * HASH_SIZE;
  const size = directoryOffset + directorySize;

  const signed = new Uint8Array(codeLimit + size);
  signed.set(file.subarray(0, codeLimit));

  // The load commands lie in the first pages, so they have to be final before these are hashed.
  const head = viewOf(signed);
  const linkEditSize = codeLimit + size - linkEdit.fileOffset;
  head.setUint32(signature.command + 12, size, true);
  head.setBigUint64(linkEdit.command + 32, BigInt(alignUp(linkEditSize, SEGMENT_ALIGNMENT)), true);
  head.setBigUint64(linkEdit.command + 48, BigInt(linkEditSize), true);

  const whole = viewOf(signed.subarray(codeLimit));
  whole.setUint32(0, CSMAGIC_EMBEDDED_SIGNATURE);
  whole.setUint32(4, size);
  whole.setUint32(8, 1);
  whole.setUint32(12, CSSLOT_CODEDIRECTORY);
  whole.setUint32(16, directoryOffset);

  const directory = signed.subarray(codeLimit + directoryOffset);
  const view = viewOf(directory);
  view.setUint32(0, CSMAGIC_CODEDIRECTORY);
  view.setUint32(4, directorySize);
  view.setUint32(8, VERSION_EXEC_SEGMENT);
  view.setUint32(12, FLAGS);
  view.setUint32(16, hashOffset);
  view.setUint32(20, CODE_DIRECTORY_SIZE);
  view.setUint32(28, pages);
  view.setUint32(32, codeLimit);
  view.setUint8(36, HASH_SIZE);
  view.setUint8(37, CS_HASHTYPE_SHA256);
  view.setUint8(39, PAGE_SHIFT);
  view.setBigUint64(64, BigInt(text.fileOffset));
  view.setBigUint64(72, BigInt(text.fileSize));
  view.setBigUint64(80, BigInt(CS_EXECSEG_MAIN_BINARY));
  directory.set(name, CODE_DIRECTORY_SIZE);
  for (let page = 0; page < pages; page++) {
    const bytes = signed.subarray(page * PAGE_SIZE, Math.min((page + 1) * PAGE_SIZE, codeLimit));
    directory.set(sha256(bytes), hashOffset + page * HASH_SIZE);
  }
  return signed;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function sha256(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
