import { type Completion, optionValues, type Word } from "./facts.ts";
import { LISTS, SOURCE_WORDS } from "./project.ts";

/** A script that makes bash (3.2 and later) complete. */
export function bashCompletion(all: readonly Completion[]): string {
  const facts = all.map(
    ({ path, commands, options, positionals, isList }) =>
      `    "${path}") commands="${wordsOf(commands)}" options="${wordsOf(options)}" positionals=(${positionals
        .map((values) => `"${values}"`)
        .join(" ")}) list=${isList ? "yes" : '""'} ;;`,
  );
  return `_confiture_facts() {
  case "$1" in
${facts.join("\n")}
  esac
}
_confiture_values() {
  case "$1 $2" in
${valueCases(all).join("\n")}
    *) values="" ;;
  esac
}
_confiture_offer() {
  local values="$1" current="$2" folder="$3" IFS=$'\\n'
  case "$values" in
    words\\ *) IFS=$' \\n'; COMPREPLY=($(compgen -W "\${values#words }" -- "$current")) ;;
    environments) COMPREPLY=($(compgen -W "$(${LISTS.environments})" -- "$current")) ;;
    versions) COMPREPLY=($(compgen -W "$(${LISTS.versions})" -- "$current")) ;;
    revisions) COMPREPLY=($(compgen -W "git:HEAD"$'\\n'"$(${LISTS.revisions})" -- "$current")) ;;
    sources)
      COMPREPLY=($(compgen -W "$(printf '%s\\n' ${SOURCE_WORDS}; ${LISTS.environments} | command sed 's/^/env:/'; ${LISTS.revisions})" -- "$current") $(compgen -f -- "$current")) ;;
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
  esac
}
_confiture() {
  local current="" glued="" path="" option="" folder="." word commands options values list
  local -a given positionals
  local -i count=0
  COMPREPLY=()
  # bash takes colons and equals signs for words of their own.
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ \${#given[@]} -gt 0 && -n $word && ( $word == [:=]* || $glued == [:=] ) ]]; then
      given[\${#given[@]}-1]+="$word"
    else
      given+=("$word")
    fi
    glued="\${word: -1}"
  done
  current="\${given[\${#given[@]}-1]}"
  unset "given[\${#given[@]}-1]"
  _confiture_facts ""
  for word in "\${given[@]:1}"; do
    if [[ -n $option ]]; then
      [[ $option == -C || $option == --project-dir ]] && folder="$word"
      option=""
    elif [[ $word == -* ]]; then
      [[ $word == --project-dir=* ]] && folder="\${word#*=}"
      _confiture_values "$path" "$word"
      [[ -n $values ]] && option="$word"
    elif [[ " $commands " == *" $word "* ]]; then
      [[ $word == help || $word == version ]] && continue
      path="\${path:+$path }$word"
      _confiture_facts "$path"
    else
      count+=1
    fi
  done
  if [[ -n $option ]]; then
    _confiture_values "$path" "$option"
    _confiture_offer "$values" "$current" "$folder"
  elif [[ $current == -*=* ]]; then
    _confiture_values "$path" "\${current%%=*}"
    _confiture_offer "$values" "\${current#*=}" "$folder"
    current="\${current#*=}"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    [[ -n $list && $count -ge \${#positionals[@]} ]] && count=$((\${#positionals[@]} - 1))
    _confiture_offer "\${positionals[count]-}" "$current" "$folder"
    [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -W "$options" -- "$current"))
  fi
  # bash takes what stands behind a colon for a word of its own.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
  fi
}
complete -F _confiture confiture
`;
}

function wordsOf(words: readonly Word[]): string {
  return words.map(([word]) => word).join(" ");
}

/** One line for each kind of value that commands have for themselves. */
function valueCases(all: readonly Completion[]): string[] {
  const values = optionValues(all);
  const own = Map.groupBy(
    values.filter(({ path }) => path !== undefined),
    ({ kind }) => kind,
  );
  return [
    ...[...own].map(
      ([kind, some]) => `    ${some.map(({ path, option }) => `"${path} ${option}"`).join("|")}) values="${kind}" ;;`,
    ),
    ...values.flatMap(({ path, option, kind }) =>
      path === undefined ? [`    *" ${option}") values="${kind}" ;;`] : [],
    ),
  ];
}
