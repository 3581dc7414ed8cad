/** Comments, and strings of TypeScript; of a template the part up to where a value is put in, or the end, and what follows one. */
const TOKEN = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"|`|[{}]/g;
const TEMPLATE_END = /(?:[^`\\$]|\\[^]|\$(?!\{))*(`|\$\{)/y;

/**
 * What the strings of a TypeScript file hold, each as a statement at its own place: everything else is blank, and lines stay where
 * they are. By what strings look like, without reading the language. Pure.
 */
export function literalsOf(code: string): string {
  const kept = blank(code).split("");
  const keep = (start: number, end: number): void => {
    const content = code.slice(start, end).replaceAll(/\\[^]/g, (escape) => blank(escape));
    for (const [index, character] of content.split("").entries()) kept[start + index] = character;
  };
  // What the brackets close: a block, or the value in a template.
  const open: ("block" | "value")[] = [];
  const scan = new RegExp(TOKEN);
  const readTemplate = (from: number): void => {
    TEMPLATE_END.lastIndex = from;
    const end = TEMPLATE_END.exec(code);
    if (end === null) return;
    const [whole, closing = ""] = end;
    keep(from, from + whole.length - closing.length);
    if (closing === "`") kept[from + whole.length - 1] = ";";
    else open.push("value");
    scan.lastIndex = from + whole.length;
  };
  for (let match = scan.exec(code); match !== null; match = scan.exec(code)) {
    const [token] = match;
    const end = match.index + token.length;
    if (token === "`") readTemplate(end);
    else if (token === "{") open.push("block");
    else if (token === "}") {
      if (open.pop() === "value") readTemplate(end);
    } else if (token.startsWith("'") || token.startsWith('"')) {
      keep(match.index + 1, end - 1);
      kept[end - 1] = ";";
    }
  }
  return kept.join("");
}

/** The same length and lines, with nothing in them. Pure. */
export function blank(text: string): string {
  return text.replaceAll(/[^\n\r]/g, " ");
}
