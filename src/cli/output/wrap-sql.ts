import { tokensOf } from "#sql/lexer/tokens.ts";

/** Breaks SQL at blanks between two tokens where lines are wider than that: it says the same, and holds no less. Pure. */
export function wrapSql(sql: string, columns: number): string {
  const lines: string[] = [];
  let line = "";
  let end = 0;
  for (const token of tokensOf(sql)) {
    const between = sql.slice(end, token.start);
    const text = sql.slice(token.start, token.end);
    if (between === " " && Bun.stringWidth(line + between + text) > columns) {
      lines.push(line);
      line = `  ${text}`;
    } else {
      const [first = "", ...rest] = (between + text).split("\n");
      line += first;
      if (rest.length > 0) {
        lines.push(line, ...rest.slice(0, -1));
        line = rest.at(-1)!;
      }
    }
    end = token.end;
  }
  return [...lines, line + sql.slice(end)].join("\n");
}
