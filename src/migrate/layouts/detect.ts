import { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import { isOwnName } from "./confiture.ts";
import type { Folder } from "./folder.ts";
import { LAYOUT_NAMES, type LayoutName } from "./names.ts";
import { LAYOUTS } from "./registry.ts";

/**
 * The layout of a folder: the one that was asked for, or the one that it looks like.
 * @param choice a layout's name; `auto` or undefined looks at what is there
 * @throws ConfitureError `layout_unclear` when the folder looks like several, `config_invalid`
 */
export function layoutOf(folder: Folder, choice: string | undefined): LayoutName {
  if (choice !== undefined && choice !== "auto") return requireName(choice);
  const recognised = LAYOUT_NAMES.map((name) => ({ name, by: LAYOUTS[name].recognises(folder) }));
  const names = recognised.filter(({ by }) => by === "names").map(({ name }) => name);
  const [first] = names;
  if (first === undefined) return recognised.find(({ by }) => by === "content")?.name ?? "confiture";
  const { migrations, ignored } = LAYOUTS[first].find(folder);
  const isOwn = ({ path }: { readonly path: string }): boolean => isOwnName(path.slice(folder.path.length + 1));
  const isDirectlyInside = ({ path }: { readonly path: string }): boolean =>
    !path.slice(folder.path.length + 1).includes("/");
  // Where its files are named like this tool's, one that it leaves out is no sign of another.
  const isAlike = LAYOUTS[first].readsBelow !== true && migrations.some(isOwn);
  const own = isAlike ? undefined : ignored.filter(isDirectlyInside).find(isOwn);
  const others = names.slice(1);
  if (others.length === 0 && own === undefined) return first;
  throw unclear(folder, [first, ...others, ...(own === undefined ? [] : (["confiture"] as const))]);
}

function requireName(choice: string): LayoutName {
  const name = LAYOUT_NAMES.find((candidate) => candidate === choice);
  if (name !== undefined) return name;
  const suggestion = nearest(choice, ["auto", ...LAYOUT_NAMES]);
  throw new ConfitureError("config_invalid", `There is no layout "${choice}"`, {
    hint: suggestion === undefined ? `Layouts are auto, ${LAYOUT_NAMES.join(", ")}.` : `Did you mean "${suggestion}"?`,
  });
}

function unclear(folder: Folder, names: readonly LayoutName[]): ConfitureError {
  const titles = names.map((name) => LAYOUTS[name].title);
  return new ConfitureError(
    "layout_unclear",
    `${folder.path} holds migrations of ${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}`,
    {
      hint: `Move one kind to another folder, or say in the environment file which one is meant; the others are then left out:\n  migrations:\n    layout: ${names[0]}`,
      location: { file: folder.path },
      data: { layouts: names },
    },
  );
}
