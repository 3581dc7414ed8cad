import { type Completion, optionValues, type Word } from "./facts.ts";
import { LISTS, SOURCE_WORDS } from "./project.ts";

/** A script that makes fish complete. */
export function fishCompletion(all: readonly Completion[]): string {
  const facts = (of: (completion: Completion) => string | undefined): string =>
    all
      .flatMap((completion) => {
        const what = of(completion);
        return what === undefined ? [] : [`    case ${quoteForFish(completion.path)}\n      ${what}`];
      })
      .join("\n");
  return `function __confiture_commands
  switch "$argv[1]"
${facts(({ commands }) => printed(commands))}
  end
end
function __confiture_options
  switch "$argv[1]"
${facts(({ options }) => printed(options))}
  end
end
function __confiture_positional
  set -l takes
  set -l list no
  switch "$argv[1]"
${facts(({ positionals, isList }) =>
  positionals.length === 0
    ? undefined
    : `set takes ${positionals.map(quoteForFish).join(" ")}; set list ${isList ? "yes" : "no"}`,
)}
  end
  set -l at $argv[2]
  if test $list = yes -a $at -gt (count $takes)
    set at (count $takes)
  end
  if test $at -le (count $takes)
    echo $takes[$at]
  end
end
function __confiture_values
  switch "$argv[1] $argv[2]"
${valueCases(all).join("\n")}
  end
end
function __confiture_list
  set -lx folder $argv[2]
  sh -c $argv[1]
end
function __confiture_offer
  set -l folder $argv[2]
  set -l current $argv[3]
  switch "$argv[1]"
    case 'words *'
      string split ' ' (string replace 'words ' '' "$argv[1]")
    case environments
      __confiture_list ${quoteForFish(LISTS.environments)} $folder
    case versions
      __confiture_list ${quoteForFish(LISTS.versions)} $folder
    case revisions
      echo git:HEAD
      __confiture_list ${quoteForFish(LISTS.revisions)} $folder
    case sources
      string split ' ' ${quoteForFish(SOURCE_WORDS)}
      __confiture_list ${quoteForFish(LISTS.environments)} $folder | string replace -r '^' env:
      __confiture_list ${quoteForFish(LISTS.revisions)} $folder
      __fish_complete_path "$current"
    case files
      __fish_complete_path "$current"
    case folders
      __fish_complete_directories "$current" ''
  end
end
function __confiture_complete
  set -l given (commandline -opc)
  set -e given[1]
  set -l current (commandline -ct)
  set -l at ''
  set -l option ''
  set -l folder .
  set -l count 1
  for word in $given
    if test -n "$option"
      contains -- $option -C --project-dir; and set folder $word
      set option ''
    else if string match -q -- '-*' $word
      string match -q -- '--project-dir=*' $word; and set folder (string replace -r '^[^=]*=' '' -- $word)
      set -l values (__confiture_values $at $word)
      test -n "$values"; and set option $word
    else if contains -- $word (__confiture_commands $at | string replace -r '\\t.*' '')
      contains -- $word help version; and continue
      set at (string trim "$at $word")
    else
      set count (math $count + 1)
    end
  end
  if test -n "$option"
    __confiture_offer (__confiture_values $at $option) $folder $current
  else if string match -q -- '-*=*' $current
    set -l name (string replace -r '=.*' '' -- $current)
    set -l values (__confiture_values $at $name)
    test -n "$values"; or return
    __confiture_offer $values $folder (string replace -r '^[^=]*=' '' -- $current) | string replace -r '^' -- $name=
  else if string match -q -- '-*' $current
    __confiture_options $at
  else if test -n "$(__confiture_commands $at)"
    __confiture_commands $at
  else
    set -l values (__confiture_positional $at $count)
    if test -z "$values" -o "$values" = any
      __confiture_options $at
    else
      __confiture_offer $values $folder $current
    end
  end
end
complete -c confiture -e
complete -c confiture -f -a '(__confiture_complete)'
`;
}

/** fish takes a tab for the beginning of a description. */
function printed(words: readonly Word[]): string | undefined {
  if (words.length === 0) return undefined;
  return `printf '%s\\t%s\\n' ${words.flatMap((word) => word.map(quoteForFish)).join(" ")}`;
}

function valueCases(all: readonly Completion[]): string[] {
  return optionValues(all).map(
    ({ path = "*", option, kind }) => `    case ${quoteForFish(`${path} ${option}`)}\n      echo ${quoteForFish(kind)}`,
  );
}

/** Within fish's single quotes only the quote and the backslash are special. */
function quoteForFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
