/** What each command came to in each state: by command, by state. */
export type Outcomes = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Reads a table of outcomes: a command and, in each line, states and what it comes to in them. "*" is every other state that
 * is tried.
 *
 *     build   fresh: builds, records 001
 *             *: builds
 */
export function readTable(text: string): Outcomes {
  const commands: Record<string, Record<string, string>> = {};
  let command = "";
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [, name, names = "", words = ""] = /^ {2}(\S*) +([a-z*][a-z, *]*?): (.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`Not a line of the table: ${line}`);
    if (name !== "") command = name;
    const outcomes = (commands[command] ??= {});
    for (const state of names.split(", ")) outcomes[state] = words;
  }
  return commands;
}

/** What a table says of some of the states. */
export function inStates(states: readonly string[], table: Outcomes): Outcomes {
  const commands = Object.entries(table).map(([command, outcomes]) => {
    const some = Object.entries(outcomes).filter(([state]) => state === "*" || states.includes(state));
    return [command, Object.fromEntries(some)] as const;
  });
  return Object.fromEntries(commands.filter(([, outcomes]) => Object.keys(outcomes).length > 0));
}

/** The table's outcomes in the states that were tried. */
export function expectedIn(table: Outcomes, tried: Outcomes): Outcomes {
  return Object.fromEntries(
    Object.entries(table).map(([command, { "*": others, ...named }]) => {
      const rest = Object.keys(tried[command] ?? {}).filter((state) => !(state in named));
      return [command, { ...named, ...Object.fromEntries(rest.map((state) => [state, others ?? "not in the table"])) }];
    }),
  );
}

/** The same, the other way round: for whoever has to read what became different. */
export function showTable(outcomes: Outcomes): string {
  const lines = Object.entries(outcomes).flatMap(([command, own]) => {
    const groups = [...Map.groupBy(Object.keys(own), (state) => own[state]!)].toSorted(
      ([, a], [, b]) => a.length - b.length,
    );
    return groups.map(([words, states], index) => {
      const isLast = index === groups.length - 1 && states.length > 1;
      return `  ${(index === 0 ? command : "").padEnd(9)} ${isLast ? "*" : states.join(", ")}: ${words}`;
    });
  });
  return lines.join("\n");
}
