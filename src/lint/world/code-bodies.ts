import { inside, type Node, type NodeOf, strings } from "#sql/parser.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { type Token, tokensOf } from "#sql/lexer/tokens.ts";
import { nameOfParts, typeText } from "../syntax.ts";

interface Body {
  readonly name: readonly string[];
  readonly tokens: readonly Token[];
  readonly isTrigger: boolean;
}

/** Bodies of functions and procedures that are text to PostgreSQL, so that no rename changes what they name. */
export class CodeBodies {
  /** By name and types of arguments. */
  readonly #bodies = new Map<string, Body>();

  apply(node: Node): void {
    const made = inside(node, "CreateFunctionStmt");
    if (made !== undefined) this.#note(made);
    for (const object of inside(node, "DropStmt")?.objects ?? []) {
      const name = strings(inside(object, "ObjectWithArgs")?.objname).at(-1);
      for (const [key, body] of this.#bodies) if (body.name.at(-1) === name) this.#bodies.delete(key);
    }
  }

  /** Names of those whose body names a relation or a function. */
  naming(name: string): string[] {
    return this.#find(({ tokens }) => tokens.some(is(name)));
  }

  /** Names of those whose body names a column and its table, or a column of the row that a trigger gives them. */
  namingColumn(table: string, column: string): string[] {
    return this.#find(({ tokens, isTrigger }) => {
      const isOfRow = (_: Token, at: number): boolean =>
        is(column)(tokens[at]) && tokens[at - 1]?.text === "." && /^(?:new|old)$/i.test(tokens[at - 2]?.text ?? "");
      return (tokens.some(is(table)) && tokens.some(is(column))) || (isTrigger && tokens.some(isOfRow));
    });
  }

  #find(names: (body: Body) => boolean): string[] {
    return [...this.#bodies.values()].filter(names).map(({ name }) => nameOfParts(name));
  }

  #note({ funcname, parameters, options, returnType }: NodeOf<"CreateFunctionStmt">): void {
    const as = (options ?? []).map((option) => inside(option, "DefElem")).find((option) => option?.defname === "as");
    const [body = ""] = strings(inside(as?.arg, "List")?.items);
    const name = strings(funcname);
    const types = (parameters ?? []).map((parameter) => typeText(inside(parameter, "FunctionParameter")?.argType));
    this.#bodies.set(`${nameOfParts(name)}(${types.join(", ")})`, {
      name,
      tokens: tokensOf(body),
      isTrigger: typeText(returnType) === "trigger",
    });
  }
}

function is(name: string): (token: Token | undefined) => boolean {
  return (token) =>
    (token?.kind === TokenKind.word || token?.kind === TokenKind.quotedIdentifier) && writtenName(token.text) === name;
}
