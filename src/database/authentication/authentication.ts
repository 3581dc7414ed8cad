import { ConfitureError } from "#errors/error.ts";
import { ScramClient, ScramViolation } from "./scram.ts";
import type { AuthenticationMethod, AuthenticationRules, Secret } from "../target.ts";

/** The connection that a client authenticates itself on. */
export interface AuthenticationOptions {
  readonly user: string;
  readonly password?: Secret | undefined;
  readonly rules: AuthenticationRules;
  /** Nobody else can read along: TLS, or a socket of this machine. */
  readonly isPrivate: boolean;
  /** The hash of the server's certificate, where TLS is on and the certificate has one (see `endPointHash`). */
  readonly endPoint?: Uint8Array | undefined;
  readonly isEncrypted: boolean;
  /** "localhost:5432", for messages. */
  readonly server: string;
}

/** Authentication requests, by the number in them (protocol manual, "Message Formats"). */
const OK = 0;
const CLEARTEXT = 3;
const MD5 = 5;
const GSS = 7;
const SSPI = 9;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;

const NAMES: Readonly<Record<number, AuthenticationMethod>> = {
  [CLEARTEXT]: "password",
  [MD5]: "md5",
  [GSS]: "gss",
  [SSPI]: "sspi",
};

const PLAIN_SCRAM = "SCRAM-SHA-256";
const BOUND_SCRAM = "SCRAM-SHA-256-PLUS";

/**
 * The client's side of authentication, as libpq does it: judges what the server asks for by `require_auth` and `channel_binding`,
 * and answers. Stricter in one point: a password goes out in clear text only where nobody can read along, or where
 * `require_auth` names `password`.
 */
export class Authentication {
  readonly #options: AuthenticationOptions;
  #scram: ScramClient | undefined;
  #bound = false;
  #answered = false;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /**
   * @param request the body of an authentication message
   * @returns the body of the answer, or nothing where none is due
   * @throws ConfitureError `connect_auth`
   */
  async answer(request: Buffer): Promise<Buffer | undefined> {
    const kind = request.length < 4 ? -1 : request.readUInt32BE(0);
    try {
      switch (kind) {
        case OK:
          this.#accept();
          return undefined;
        case CLEARTEXT:
          this.#allow("password");
          return this.#cleartext();
        case MD5:
          this.#allow("md5");
          return this.#md5(request.subarray(4, 8));
        case SASL:
          return this.#startScram(request.toString("latin1", 4).split("\0"));
        case SASL_CONTINUE:
          return Buffer.from(await this.#exchange().final(request.toString("utf8", 4)));
        case SASL_FINAL:
          this.#exchange().verify(request.toString("utf8", 4));
          return undefined;
        default:
          this.#allow(NAMES[kind]);
          throw this.#refusal(
            `asks for an authentication method that Confiture does not have (${NAMES[kind] ?? kind})`,
            "Supported are scram-sha-256, md5, password, client certificates and trust. Change pg_hba.conf so that it asks for one of them.",
          );
      }
    } catch (error) {
      throw error instanceof ScramViolation ? this.#refusal(error.message) : error;
    }
  }

  #accept(): void {
    const { rules } = this.#options;
    if (this.#scram !== undefined && !this.#scram.finished) {
      throw this.#refusal("let the client in without proving that it knows the password itself");
    }
    if (rules.channelBinding === "require" && !this.#bound) {
      throw this.#refusal("authenticated without channel binding, which channel_binding requires");
    }
    if (!this.#answered) this.#allow("none");
  }

  /** @throws ConfitureError where `require_auth` does not name the method */
  #allow(method: AuthenticationMethod | undefined): void {
    if (this.#answered) throw this.#refusal("asks to authenticate twice");
    const { methods, channelBinding } = this.#options.rules;
    if (methods !== undefined && (method === undefined || !methods.includes(method))) {
      const what =
        method === "none" ? "lets the client in without authentication" : `asks for ${method ?? "another method"}`;
      throw this.#refusal(
        `${what}, and require_auth does not allow that`,
        `require_auth allows: ${methods.join(", ") || "nothing"}. If this is the right server, add ${method ?? "its method"} there or change its pg_hba.conf.`,
      );
    }
    if (channelBinding === "require" && method !== "scram-sha-256" && method !== "none") {
      throw this.#refusal(
        `asks for ${method ?? "another method"}, which has no channel binding, and channel_binding requires it`,
      );
    }
  }

  #password(): string {
    const password = this.#options.password?.reveal() ?? "";
    if (password === "") {
      throw new ConfitureError(
        "connect_auth",
        `The server at ${this.#options.server} asks for the password of user "${this.#options.user}", and none was given`,
        {
          hint: "Set database.password in the environment file, PGPASSWORD, or a line in ~/.pgpass.",
        },
      );
    }
    return password;
  }

  #cleartext(): Buffer {
    const { isPrivate, rules } = this.#options;
    if (!isPrivate && rules.allowCleartext !== true) {
      throw this.#refusal(
        "asks for the password in clear text, and the connection is not encrypted",
        "It was not sent. Use sslmode: require (or verify-full), have the server ask for scram-sha-256, or write require_auth: password if anybody between here and the server may read it.",
      );
    }
    return this.#reply(`${this.#password()}\0`);
  }

  #md5(salt: Buffer): Buffer {
    const md5 = (...parts: (string | Buffer)[]): string => {
      const hash = new Bun.CryptoHasher("md5");
      for (const part of parts) hash.update(part);
      return hash.digest("hex");
    };
    return this.#reply(`md5${md5(md5(this.#password(), this.#options.user), salt)}\0`);
  }

  #startScram(offered: readonly string[]): Buffer {
    const { rules, endPoint, isEncrypted } = this.#options;
    const offersBinding = offered.includes(BOUND_SCRAM);
    if (offersBinding && !isEncrypted) {
      throw this.#refusal(`offers ${BOUND_SCRAM} on a connection without TLS: something is intercepting it`);
    }
    if (!offersBinding && !offered.includes(PLAIN_SCRAM)) {
      this.#allow(offered.includes("OAUTHBEARER") ? "oauth" : undefined);
      throw this.#refusal("offers no authentication method that Confiture has");
    }
    this.#allow("scram-sha-256");
    const wantsBinding = rules.channelBinding !== "disable" && isEncrypted && endPoint !== undefined;
    const mechanism = offersBinding && wantsBinding ? BOUND_SCRAM : PLAIN_SCRAM;
    if (rules.channelBinding === "require" && mechanism === PLAIN_SCRAM) {
      throw this.#refusal(
        "offers no authentication with channel binding, which channel_binding requires",
        isEncrypted
          ? "A pooler or proxy that ends TLS itself cannot offer it. Use channel_binding: prefer, with sslmode: verify-full."
          : "Channel binding needs TLS: use sslmode: require.",
      );
    }
    this.#bound = mechanism === BOUND_SCRAM;
    this.#scram = new ScramClient(
      this.#password(),
      this.#bound ? { endPoint: endPoint! } : wantsBinding ? "unused" : "impossible",
    );
    const first = Buffer.from(this.#scram.first());
    const length = Buffer.alloc(4);
    length.writeInt32BE(first.length);
    return this.#reply(Buffer.concat([Buffer.from(`${mechanism}\0`), length, first]));
  }

  #exchange(): ScramClient {
    if (this.#scram === undefined) throw this.#refusal("continues an authentication that has not begun");
    return this.#scram;
  }

  #reply(body: string | Buffer): Buffer {
    this.#answered = true;
    return typeof body === "string" ? Buffer.from(body) : body;
  }

  #refusal(what: string, hint?: string): ConfitureError {
    return new ConfitureError("connect_auth", `The server at ${this.#options.server} ${what}`, { hint });
  }
}
