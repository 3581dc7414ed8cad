/**
 * The hash of a server's certificate that SCRAM binds to ("tls-server-end-point", RFC 5929, section 4): with the hash function of
 * the certificate's signature, but SHA-256 in place of MD5 and SHA-1. Undefined where the signature names none, as with Ed25519.
 * @param certificate in DER
 */
export function endPointHash(certificate: Uint8Array): Buffer | undefined {
  const algorithm = signatureHash(certificate);
  return algorithm === undefined ? undefined : new Bun.CryptoHasher(algorithm).update(certificate).digest();
}

/** Object identifiers in hexadecimal: of RSA (PKCS #1) and ECDSA signatures, and of the functions themselves. */
const HASHES: Readonly<Record<string, Bun.SupportedCryptoAlgorithms>> = {
  "2a864886f70d010104": "sha256", // MD5
  "2a864886f70d010105": "sha256", // SHA-1
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  "2a8648ce3d0401": "sha256", // SHA-1
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "608648016503040204": "sha224",
};

/** RSASSA-PSS, which names its function among its parameters. */
const PSS = "2a864886f70d01010a";

function signatureHash(certificate: Uint8Array): Bun.SupportedCryptoAlgorithms | undefined {
  // Certificate: a sequence of what is signed, the signature's algorithm, and the signature (RFC 5280, section 4.1).
  const [, algorithm] = children(certificate, elementAt(certificate, 0));
  if (algorithm === undefined) return undefined;
  const [identifier, parameters] = children(certificate, algorithm);
  const name = hex(certificate, identifier);
  if (name !== PSS) return HASHES[name];
  // [0] AlgorithmIdentifier; without it, SHA-1.
  const [first] = parameters === undefined ? [] : children(certificate, parameters);
  if (first?.tag !== 0xa0) return "sha256";
  const [sequence] = children(certificate, first);
  const [hash] = sequence === undefined ? [] : children(certificate, sequence);
  return HASHES[hex(certificate, hash)];
}

/** One value in DER: its tag, and where its content is. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function elementAt(bytes: Uint8Array, at: number): Element {
  let length = bytes[at + 1] ?? 0;
  let start = at + 2;
  if (length > 0x7f) {
    const count = length & 0x7f;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start++] ?? 0);
  }
  return { tag: bytes[at] ?? 0, start, end: Math.min(start + length, bytes.length) };
}

function children(bytes: Uint8Array, { start, end }: Element): Element[] {
  const found: Element[] = [];
  for (let at = start; at < end; at = found.at(-1)!.end) found.push(elementAt(bytes, at));
  return found;
}

function hex(bytes: Uint8Array, element: Element | undefined): string {
  return element === undefined ? "" : Buffer.from(bytes.subarray(element.start, element.end)).toString("hex");
}
