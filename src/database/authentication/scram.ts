import { saslprep } from "./saslprep.ts";

/**
 * What a client binds the exchange to (RFC 5802, section 6): the TLS connection, by the hash of the server's certificate;
 * nothing, though it could ("unused": the server did not offer it); or nothing, because it cannot.
 */
export type ChannelBinding = { readonly endPoint: Uint8Array } | "unused" | "impossible";

/** PostgreSQL's default is 4,096, and 10 million take seconds: more of them is an attack on the client. */
const MOST_ITERATIONS = 10_000_000;

/** What the server sent is not what SCRAM allows; the message completes "The server ...". */
export class ScramViolation extends Error {}

/** The client's half of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677). The user's name is in the startup message. */
export class ScramClient {
  readonly #password: string;
  readonly #header: string;
  readonly #bound: Uint8Array;
  readonly #nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64");
  #serverSignature: Buffer | undefined;
  #finished = false;

  constructor(password: string, binding: ChannelBinding) {
    this.#password = saslprep(password);
    const hasEndPoint = typeof binding === "object";
    this.#header = hasEndPoint ? "p=tls-server-end-point,," : binding === "unused" ? "y,," : "n,,";
    this.#bound = hasEndPoint ? binding.endPoint : new Uint8Array();
  }

  /** The server has proven that it knows the password, too. */
  get finished(): boolean {
    return this.#finished;
  }

  first(): string {
    return `${this.#header}${this.#firstBare()}`;
  }

  /**
   * @param serverFirst the server's nonce, salt and iterations
   * @returns the client's proof
   * @throws ScramViolation
   */
  async final(serverFirst: string): Promise<string> {
    const [nonce, salt, iterations] = readServerFirst(serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ScramViolation("answered with another client's nonce");
    }
    const salted = await saltedPassword(this.#password, salt, iterations);
    const clientKey = await hmac(salted, "Client Key");
    const binding = Buffer.concat([Buffer.from(this.#header), this.#bound]).toString("base64");
    const withoutProof = `c=${binding},r=${nonce}`;
    const exchange = `${this.#firstBare()},${serverFirst},${withoutProof}`;
    const signature = await hmac(new Bun.CryptoHasher("sha256").update(clientKey).digest(), exchange);
    this.#serverSignature = await hmac(await hmac(salted, "Server Key"), exchange);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** @throws ScramViolation when the server does not know the password */
  verify(serverFinal: string): void {
    const signature = Buffer.from(/^v=([^,]*)/.exec(serverFinal)?.[1] ?? "", "base64");
    const expected = this.#serverSignature;
    if (
      expected === undefined ||
      signature.length !== expected.length ||
      !crypto.timingSafeEqual(signature, expected)
    ) {
      throw new ScramViolation("does not know the password itself: it may be another server than it seems");
    }
    this.#finished = true;
  }

  #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

function readServerFirst(text: string): [nonce: string, salt: Buffer, iterations: number] {
  const parts = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=(\d+)(?:,|$)/.exec(text);
  if (parts === null) throw new ScramViolation("sent a malformed SCRAM message");
  const iterations = Number(parts[3]);
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    throw new ScramViolation(
      `asks for ${parts[3]} SCRAM iterations, more than ${MOST_ITERATIONS.toLocaleString("en")}`,
    );
  }
  return [parts[1]!, Buffer.from(parts[2]!, "base64"), iterations];
}

/** Not by node:crypto, which takes longer to load than all of this to compute. */
async function hmac(secret: Uint8Array, text: string): Promise<Buffer> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(secret), HMAC, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, Buffer.from(text)));
}
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** Hi() of RFC 5802, which is PBKDF2 with HMAC; computed beside this thread. */
async function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  const key = await crypto.subtle.importKey("raw", Buffer.from(password), "PBKDF2", false, ["deriveBits"]);
  return Buffer.from(
    await crypto.subtle.deriveBits(
      { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations },
      key,
      256,
    ),
  );
}
