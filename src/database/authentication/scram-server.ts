import { saslprep } from "./saslprep.ts";

const ITERATIONS = 4096;

/** What a server keeps of a password: enough to check that a client knows it (RFC 5802, section 3). */
export interface ScramVerifier {
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export async function scramVerifier(password: string): Promise<ScramVerifier> {
  const salt = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  const key = await crypto.subtle.importKey("raw", Buffer.from(saslprep(password)), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations: ITERATIONS };
  const salted = Buffer.from(await crypto.subtle.deriveBits(parameters, key, 256));
  return { salt, storedKey: sha256(hmac(salted, "Client Key")), serverKey: hmac(salted, "Server Key") };
}

/** The server's half of one SCRAM-SHA-256 exchange, without channel binding (RFC 5802, RFC 7677). */
export class ScramServer {
  readonly #verifier: ScramVerifier;
  #header = "";
  #exchange = "";
  #nonce = "";

  constructor(verifier: ScramVerifier) {
    this.#verifier = verifier;
  }

  /** @returns the server's first message; undefined for a client's that SCRAM does not allow */
  first(clientFirst: string): string | undefined {
    const parts = /^([ny],,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+))$/.exec(clientFirst);
    if (parts === null) return undefined;
    this.#header = parts[1]!;
    this.#nonce = parts[3]! + Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64");
    const answer = `r=${this.#nonce},s=${this.#verifier.salt.toString("base64")},i=${ITERATIONS}`;
    this.#exchange = `${parts[2]!},${answer}`;
    return answer;
  }

  /** @returns the server's proof; undefined when the client does not know the password */
  final(clientFinal: string): string | undefined {
    const parts = /^(c=([^,]*),r=([^,]*)),p=([A-Za-z0-9+/=]+)$/.exec(clientFinal);
    if (parts === null || parts[3] !== this.#nonce) return undefined;
    if (Buffer.from(parts[2]!, "base64").toString("latin1") !== this.#header) return undefined;
    const { storedKey, serverKey } = this.#verifier;
    const proof = Buffer.from(parts[4]!, "base64");
    if (proof.length !== storedKey.length) return undefined;
    const exchange = `${this.#exchange},${parts[1]!}`;
    const signature = hmac(storedKey, exchange);
    const clientKey = proof.map((byte, index) => byte ^ signature[index]!);
    if (!crypto.timingSafeEqual(sha256(clientKey), storedKey)) return undefined;
    return `v=${hmac(serverKey, exchange).toString("base64")}`;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return Buffer.from(new Bun.CryptoHasher("sha256", Buffer.from(key)).update(text).digest());
}

function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(new Bun.CryptoHasher("sha256").update(bytes).digest());
}
