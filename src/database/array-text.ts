type ElementParser = (text: string) => unknown;

/**
 * Reads an array as PostgreSQL writes it ("Array Input and Output Syntax"): `{1,NULL,"a \\"quoted\\" one",{2}}`,
 * perhaps with its bounds in front. The driver's own parser takes NULL for a word.
 */
export function parseArray(text: string, parse: ElementParser | undefined, delimiter = ","): unknown[] {
  let at = text.indexOf("{") + 1;
  return readElements();

  function readElements(): unknown[] {
    const elements: unknown[] = [];
    while (at < text.length) {
      const character = text.charAt(at);
      if (character === "}") {
        at++;
        break;
      }
      if (character === delimiter) at++;
      else if (character === "{") {
        at++;
        elements.push(readElements());
      } else if (character === '"') elements.push(element(readQuoted()));
      else elements.push(readBare());
    }
    return elements;
  }

  function readQuoted(): string {
    let value = "";
    for (at++; text.charAt(at) !== '"' && at < text.length; at++) {
      if (text.charAt(at) === "\\") at++;
      value += text.charAt(at);
    }
    at++;
    return value;
  }

  function readBare(): unknown {
    const start = at;
    while (at < text.length && text.charAt(at) !== delimiter && text.charAt(at) !== "}") at++;
    const value = text.slice(start, at);
    return value === "NULL" ? null : element(value);
  }

  function element(value: string): unknown {
    return parse === undefined ? value : parse(value);
  }
}
