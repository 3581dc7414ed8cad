/**
 * Signatures as minisign makes and checks them (https://jedisct1.github.io/minisign: Ed25519 over the BLAKE2b hash of the file).
 * The secret key is PEM, as `openssl genpkey -algorithm ed25519` writes it, so that it fits into a secret of a build service.
 */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";

interface Pair {
  /** Eight bytes that tell keys apart: here the beginning of the public key's hash. */
  readonly id: Buffer;
  readonly publicBytes: Buffer;
  readonly sign: (message: Uint8Array) => Buffer;
}

/** @throws Error when the text is no Ed25519 key */
function readPair(pem: string): Pair {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") throw new Error(`the signing key is ${key.asymmetricKeyType}, not ed25519`);
  // The key itself is the end of its DER form.
  const publicBytes = createPublicKey(key).export({ type: "spki", format: "der" }).subarray(-32);
  const id = new Bun.CryptoHasher("sha256").update(publicBytes).digest().subarray(0, 8);
  return { id, publicBytes, sign: (message) => sign(null, message, key) };
}

/** The public key in one line, as `minisign -P` takes it. */
export function publicKeyOf(pem: string): string {
  const { id, publicBytes } = readPair(pem);
  return Buffer.concat([Buffer.from("Ed"), id, publicBytes]).toString("base64");
}

/** The text of the signature file that belongs beside the signed one, FILE.minisig. */
export function minisignature(content: Uint8Array, pem: string, comment: string): string {
  const pair = readPair(pem);
  const signature = pair.sign(new Bun.CryptoHasher("blake2b512").update(content).digest());
  const global = pair.sign(Buffer.concat([signature, Buffer.from(comment)]));
  return [
    "untrusted comment: signature of confiture's maintainers",
    Buffer.concat([Buffer.from("ED"), pair.id, signature]).toString("base64"),
    `trusted comment: ${comment}`,
    global.toString("base64"),
    "",
  ].join("\n");
}
