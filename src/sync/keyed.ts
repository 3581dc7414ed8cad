import { hmac, paddedHalves, subkeyOf } from "./transforms/digest.ts";
import type { Keyed } from "./transforms/transform.ts";

/** The subkeys of a plan: a number for each domain, and what sessions are given. */
export class Subkeys {
  readonly #key: Uint8Array;
  readonly #numbers = new Map<string, number>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  numberOf(domain: string): number {
    const number = this.#numbers.get(domain) ?? this.#numbers.size;
    this.#numbers.set(domain, number);
    return number;
  }

  /** Tells this key from others. Of 32 bits only, so that it says of no guess that it is the key. */
  get mark(): string {
    return subkeyOf(this.#key, "\0the key of a copy").toString("hex").slice(0, 8);
  }

  get settings(): { name: string; value: string }[] {
    return [...this.#numbers].flatMap(([domain, number]) => {
      const { inner, outer } = paddedHalves(subkeyOf(this.#key, domain));
      return [
        { name: `confiture_sync.i${number}`, value: inner },
        { name: `confiture_sync.o${number}`, value: outer },
      ];
    });
  }
}

/** The digests of one query, which reads the settings once, into a row called `subkeys`. */
export class QueryKeys {
  readonly #subkeys: Subkeys;
  readonly #used = new Set<number>();

  constructor(subkeys: Subkeys) {
    this.#subkeys = subkeys;
  }

  /** Digests of a domain. */
  of(domain: string): Keyed {
    const digestIn = (other: string, text: string): string => {
      const number = this.#subkeys.numberOf(other);
      this.#used.add(number);
      return hmac(`subkeys.i${number}`, `subkeys.o${number}`, text);
    };
    return { digest: (text) => digestIn(domain, text), digestIn };
  }

  /** A digest in a place where `subkeys` is not joined. */
  alone(domain: string, text: string): string {
    const number = this.#subkeys.numberOf(domain);
    this.#used.add(number);
    return hmac(`(SELECT i${number} FROM subkeys)`, `(SELECT o${number} FROM subkeys)`, text);
  }

  /** Reads what other digests of the same query need as well. */
  include(other: QueryKeys): void {
    for (const number of other.#used) this.#used.add(number);
  }

  get isUsed(): boolean {
    return this.#used.size > 0;
  }

  /** A part of WITH. */
  get part(): string {
    const read = (name: string): string => `decode(current_setting('confiture_sync.${name}'), 'hex') AS ${name}`;
    const list = [...this.#used].flatMap((number) => [read(`i${number}`), read(`o${number}`)]);
    return `subkeys AS MATERIALIZED (SELECT ${list.join(", ")})`;
  }
}
