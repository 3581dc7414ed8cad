/** An index without its storage parameters, and these. */
export interface IndexParts {
  readonly rest: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The parts of a definition as pg_get_indexdef writes it; undefined where they cannot be told apart. Pure. */
export function indexParts(definition: string): IndexParts | undefined {
  if (definition === "" || definition.split(" WITH (").length > 2) return undefined;
  const list = PARAMETERS.exec(definition);
  if (list === null) return { rest: definition, parameters: new Map() };
  const parameters = (list[1] ?? "").split(", ").map((one) => one.split("=") as [string, string]);
  return { rest: definition.replace(list[0], ""), parameters: new Map(parameters) };
}

const PARAMETER = String.raw`\w+=(?:'\w+'|\w+)`;
const PARAMETERS = new RegExp(String.raw` WITH \((${PARAMETER}(?:, ${PARAMETER})*)\)`);
