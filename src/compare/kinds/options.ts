/** Options of a column, an index or a TOAST table, by name. */
export type Options = Readonly<Record<string, string>>;

/** What jsonb_build_object takes for them. */
export function optionsIn(column: string): string {
  return `coalesce((select jsonb_object_agg(option_name, option_value) from pg_options_to_table(${column})), '{}')`;
}

/** `fillfactor=70, ...`, as in SET (...). */
export function optionsText(options: Options, prefix = ""): string {
  return namesOf(options)
    .map((name) => `${prefix}${name}=${options[name]}`)
    .join(", ");
}

/** The statements that turn some options into others. */
export function optionChanges(alter: string, from: Options, to: Options, prefix = ""): string[] {
  const gone = namesOf(from).filter((name) => !(name in to));
  return [
    ...(gone.length === 0 ? [] : [`${alter} RESET (${gone.map((name) => `${prefix}${name}`).join(", ")})`]),
    ...(namesOf(to).length === 0 ? [] : [`${alter} SET (${optionsText(to, prefix)})`]),
  ];
}

function namesOf(options: Options): string[] {
  return Object.keys(options).toSorted();
}
