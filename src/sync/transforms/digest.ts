import { createHmac } from "node:crypto";

/** The block of SHA-256, in bytes (RFC 2104, "B"). */
const BLOCK = 64;

/** The subkey of a domain: what is known of one says nothing of another, nor of the key. */
export function subkeyOf(key: Uint8Array, domain: string): Buffer {
  return createHmac("sha256", key).update(domain).digest();
}

/** The two blocks with which HMAC begins its hashes (RFC 2104), as hex, so that SQL has to hash twice and do nothing else. */
export function paddedHalves(subkey: Uint8Array): { readonly inner: string; readonly outer: string } {
  const half = (pad: number): string => {
    const block = Buffer.alloc(BLOCK, pad);
    for (const [index, byte] of subkey.entries()) block[index]! ^= byte;
    return block.toString("hex");
  };
  return { inner: half(0x36), outer: half(0x5c) };
}

/** HMAC-SHA256 of a text as SQL, made of functions that PostgreSQL has had since version 11. */
export function hmac(inner: string, outer: string, text: string): string {
  return `sha256(${outer} || sha256(${inner} || convert_to(${text}, 'UTF8')))`;
}

/** The first 60 bits of a digest as a number, which is never negative. */
export function numberOf(digest: string): string {
  return `('x' || left(encode(${digest}, 'hex'), 15))::bit(60)::int8`;
}

/** The first digits of a digest as text. */
export function hexOf(digest: string, digits: number): string {
  return `left(encode(${digest}, 'hex'), ${digits})`;
}

/** A text array as a constant. */
export function textArray(words: readonly string[]): string {
  return `'{${words.map((word) => `"${word}"`).join(",")}}'::text[]`;
}
