import { type Completion, optionValues, type Word } from "./facts.ts";
import { LISTS, SOURCE_WORDS } from "./project.ts";

/** A script that makes zsh complete: to be sourced, or a file of its own in the fpath. */
export function zshCompletion(all: readonly Completion[]): string {
  const facts = all.map(
    ({ path, commands, options, positionals, isList }) =>
      `    (${quote(path)}) known=(${wordsOf(commands)}) flags=(${wordsOf(options)}) takes=(${positionals
        .map((values) => quote(values))
        .join(" ")}) list=${isList ? "yes" : "''"} ;;`,
  );
  return `#compdef confiture
_confiture_facts() {
  case "$1" in
${facts.join("\n")}
  esac
}
_confiture_values() {
  case "$1 $2" in
${valueCases(all).join("\n")}
    (*) values="" ;;
  esac
}
_confiture_offer() {
  local values="$1" folder="$2"
  case "$values" in
    ("words "*) compadd -- \${=values#words } ;;
    (environments) compadd -- \${(f)"$(${LISTS.environments})"} ;;
    (versions) compadd -- \${(f)"$(${LISTS.versions})"} ;;
    (revisions) compadd -- git:HEAD \${(f)"$(${LISTS.revisions})"} ;;
    (sources)
      compadd -- ${SOURCE_WORDS} \${(f)"$(${LISTS.environments} | command sed 's/^/env:/'; ${LISTS.revisions})"}
      _files ;;
    (files) _files ;;
    (folders) _files -/ ;;
    (*) return 1 ;;
  esac
}
_confiture() {
  local current="$words[CURRENT]" at="" option="" folder="." word values list
  local -a known flags takes
  local -i count=0
  _confiture_facts ""
  for word in "\${(@Q)words[2,CURRENT-1]}"; do
    if [[ -n $option ]]; then
      [[ $option == (-C|--project-dir) ]] && folder="$word"
      option=""
    elif [[ $word == -* ]]; then
      [[ $word == --project-dir=* ]] && folder="\${word#*=}"
      _confiture_values "$at" "$word"
      [[ -n $values ]] && option="$word"
    elif (( \${known[(I)\${(b)word}:*]} )); then
      [[ $word == (help|version) ]] && continue
      at="\${at:+$at }$word"
      _confiture_facts "$at"
    else
      count+=1
    fi
  done
  if [[ -n $option ]]; then
    _confiture_values "$at" "$option"
    _confiture_offer "$values" "$folder"
  elif [[ $current == -*=* ]]; then
    _confiture_values "$at" "\${current%%=*}"
    compset -P '*='
    _confiture_offer "$values" "$folder"
  elif [[ $current == -* ]]; then
    _describe -o option flags
  elif (( $#known )); then
    _describe command known
  else
    [[ -n $list && $count -ge $#takes ]] && count=$(( $#takes - 1 ))
    _confiture_offer "\${takes[count+1]}" "$folder" || _describe -o option flags
  fi
}
if [ "$funcstack[1]" = "_confiture" ]; then _confiture "$@"; else compdef _confiture confiture; fi
`;
}

function wordsOf(words: readonly Word[]): string {
  return words.map(([word, text]) => quote(`${word}:${text.replaceAll(":", "\\:")}`)).join(" ");
}

function valueCases(all: readonly Completion[]): string[] {
  return optionValues(all).map(({ path, option, kind }) => {
    const pattern = path === undefined ? `*${quote(` ${option}`)}` : quote(`${path} ${option}`);
    return `    (${pattern}) values=${quote(kind)} ;;`;
  });
}

/** One word, with quotes around it whatever it is. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
