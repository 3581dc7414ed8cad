import { isNull, type TreeNode } from "#files/yaml-tree.ts";
import { nearest } from "#errors/suggest.ts";

/** What is wrong with a rule, at an offset of its file. */
export class RuleProblem extends Error {
  readonly offset: number;
  readonly fix: string | undefined;
  readonly rule: string;
  /** The column without whose fault this would be none. */
  readonly because: { readonly table: string; readonly column: string } | undefined;

  constructor(
    offset: number,
    message: string,
    fix?: string,
    rule = "invalid-rule",
    because?: { readonly table: string; readonly column: string },
  ) {
    super(message);
    this.offset = offset;
    this.fix = fix;
    this.rule = rule;
    this.because = because;
  }
}

/** The options of a transform, as the rule gives them: nothing, a value, a list or a map. */
export class Options {
  readonly #node: TreeNode | undefined;
  readonly offset: number;
  /** Where its key is, for what is under one. */
  readonly keyOffset: number;

  /** @param offset where the rule is */
  constructor(node: TreeNode | undefined, offset: number) {
    this.#node = node === undefined || isNull(node) ? undefined : node;
    this.offset = node?.offset ?? offset;
    this.keyOffset = offset;
  }

  get node(): TreeNode | undefined {
    return this.#node;
  }

  /** The same in one line of YAML. */
  get written(): string {
    return this.#node === undefined ? "null" : inFlow(this.#node);
  }

  fail(message: string, fix?: string, rule?: string): RuleProblem {
    return new RuleProblem(this.offset, message, fix, rule);
  }

  /** @throws RuleProblem unless there are none */
  none(): void {
    if (this.#node !== undefined) throw this.fail("This transform has no options");
  }

  /** @throws RuleProblem for a key that is none of `known`, or where there is no map */
  map(known?: readonly string[]): ReadonlyMap<string, Options> {
    if (this.#node === undefined) return new Map();
    if (this.#node.kind !== "map") {
      throw this.fail(
        known === undefined ? "A map has to be here" : `Options are a map: { ${known.join(": ..., ")}: ... }`,
      );
    }
    const entries = [...this.#node.entries.values()];
    for (const { key, offset } of entries) {
      if (known === undefined || known.includes(key)) continue;
      const near = nearest(key, known);
      const fix = near === undefined ? `Known: ${known.join(", ")}` : `Did you mean "${near}"?`;
      throw new RuleProblem(offset, `Unknown option "${key}"`, fix);
    }
    return new Map(entries.map(({ key, offset, value }) => [key, new Options(value, offset)]));
  }

  /** @throws RuleProblem for a list or a map */
  text(): string {
    if (this.#node?.kind !== "scalar") throw this.fail("A single value has to be here");
    return this.#node.text;
  }

  /** A whole number. */
  number(least: number, most: number): number {
    const text = this.text();
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw this.fail(`A whole number from ${least} to ${most} has to be here`);
  }

  /** @throws RuleProblem where there is no list; one value is a list of one */
  list(): readonly Options[] {
    if (this.#node === undefined) return [];
    if (this.#node.kind === "scalar") return [this];
    if (this.#node.kind === "map") throw this.fail("A list has to be here");
    return this.#node.items.map((item) => new Options(item, item.offset));
  }

  /** A number under a key of the map, or what is taken without it. */
  static numberOf(
    map: ReadonlyMap<string, Options>,
    key: string,
    otherwise: number,
    least: number,
    most: number,
  ): number {
    return map.get(key)?.number(least, most) ?? otherwise;
  }
}

function inFlow(node: TreeNode): string {
  if (node.kind === "list") return `[${node.items.map(inFlow).join(", ")}]`;
  if (node.kind === "map")
    return `{ ${[...node.entries.values()].map(({ key, value }) => `${key}: ${inFlow(value)}`).join(", ")} }`;
  return node.plain ? node.text : JSON.stringify(node.text);
}
