import { expect, test } from "bun:test";
import { checksumOf, checksumOfPieces, withReturns } from "#migrate/files/checksum.ts";
import { flywayChecksum } from "#migrate/layouts/flyway.ts";

const TEXT = "\uFEFFä\r\nb\rc\n\r\r\n\r";
const BYTES = Buffer.from(TEXT);
/** As Flyway reads lines: without their ends, and without the mark. */
const LINES = Buffer.from("äbc");

const text = (pieces: Iterable<Uint8Array>): string => Buffer.concat([...pieces]).toString();

test("wherever a file is cut, its checksums are those of the whole", () => {
  expect(checksumOf(BYTES)).toBe(Bun.SHA256.hash(TEXT.replaceAll("\r\n", "\n"), "hex"));
  expect(flywayChecksum([LINES])).toBe(Bun.hash.crc32(LINES) | 0);
  // Never inside the mark.
  for (let at = 3; at <= BYTES.length; at++) {
    const pieces = [BYTES.subarray(0, at), BYTES.subarray(at)];
    expect(checksumOfPieces(pieces)).toBe(checksumOf(BYTES));
    expect(text(withReturns(pieces))).toBe(TEXT.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"));
    expect(flywayChecksum(pieces)).toBe(flywayChecksum([LINES]));
  }
});
