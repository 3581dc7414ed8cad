import type { ArgsDef } from "citty";
import { type Entry, GLOBAL_ARGS, isGroup } from "./command.ts";

/** What can follow one command's name: subcommands or flags, each with its description. */
interface Completion {
  /** "", "migrate", "migrate up" */
  readonly path: string;
  readonly words: readonly (readonly [word: string, description: string])[];
}

/** Everything that can be completed, read off the registry and the commands themselves. */
export async function completions(commands: Readonly<Record<string, Entry>>): Promise<Completion[]> {
  const all: Completion[] = [{ path: "", words: summaries(commands) }];
  for (const [name, entry] of Object.entries(commands)) {
    if (isGroup(entry)) all.push({ path: name, words: summaries(entry.commands) });
    const leaves = isGroup(entry)
      ? Object.entries(entry.commands).map(([child, leaf]) => [`${name} ${child}`, leaf] as const)
      : [[name, entry] as const];
    for (const [path, leaf] of leaves) all.push({ path, words: flags((await leaf.load()).command.args) });
  }
  return all;
}

function summaries(entries: Readonly<Record<string, Entry>>): [string, string][] {
  return Object.entries(entries).map(([name, { summary }]) => [name, summary]);
}

function flags(args: ArgsDef): [string, string][] {
  return Object.entries({ ...args, ...GLOBAL_ARGS } as ArgsDef).flatMap(([name, definition]): [string, string][] => {
    if (definition.type === "positional") return [];
    if (definition.type === "boolean" && definition.default === true) {
      return [[`--no-${name}`, definition.negativeDescription ?? ""]];
    }
    return [[`--${name}`, definition.description ?? ""]];
  });
}

/** The names of environments, wherever the shell stands. */
const ENVIRONMENTS = "ls db/environments 2>/dev/null | sed -n 's/\\.ya\\{0,1\\}ml$//p'";

export function bashCompletion(all: readonly Completion[]): string {
  const cases = all.map(({ path, words }) => `    "${path}") words="${words.map(([word]) => word).join(" ")}" ;;`);
  return `_confiture() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word skip=""
  COMPREPLY=()
  case "$previous" in
    -e|--env) COMPREPLY=($(compgen -W "$(${ENVIRONMENTS})" -- "$current")); return ;;
    -C|--project-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$skip$word" in
      -e | --env | -C | --project-dir) skip="value of " ;;
      -* | "value of "*) skip="" ;;
      *) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _confiture confiture
`;
}

export function zshCompletion(all: readonly Completion[]): string {
  const cases = all.map(
    ({ path, words }) =>
      `    ("${path}") words_here=(${words.map(([word, text]) => quote(`${word}:${text.replaceAll(":", "\\:")}`)).join(" ")}) ;;`,
  );
  return `#compdef confiture
_confiture() {
  local -a words_here
  local path_here="" word skip=""
  case "$words[CURRENT-1]" in
    (-e|--env) compadd -- \${(f)"$(${ENVIRONMENTS})"}; return ;;
    (-C|--project-dir) _files -/; return ;;
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$skip$word" in
      (-e|--env|-C|--project-dir) skip="value of " ;;
      (-*|"value of "*) skip="" ;;
      (*) path_here="\${path_here:+$path_here }$word" ;;
    esac
  done
  case "$path_here" in
${cases.join("\n")}
  esac
  _describe -o confiture words_here || _files
}
if [ "$funcstack[1]" = "_confiture" ]; then _confiture "$@"; else compdef _confiture confiture; fi
`;
}

export function fishCompletion(all: readonly Completion[]): string {
  const lines = all.flatMap(({ path, words }) =>
    words.map(([word, text]) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c confiture -n "__confiture_at '${path}'" ${what} -d ${quoteForFish(text)}`;
    }),
  );
  return `function __confiture_at
  set -l words
  set -l skip no
  for word in (commandline -opc)[2..-1]
    if test $skip = yes
      set skip no
    else if contains -- $word -e --env -C --project-dir
      set skip yes
    else if not string match -q -- '-*' $word
      set -a words $word
    end
  end
  test "$words" = "$argv[1]"
end
${lines.join("\n")}
complete -c confiture -s e -l env -x -a "(${ENVIRONMENTS.replaceAll("$", "\\$")})"
`;
}

/** Within fish's single quotes only the quote and the backslash are special. */
function quoteForFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** One word for bash and zsh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function powershellCompletion(all: readonly Completion[]): string {
  const lines = all.map(
    ({ path, words }) =>
      `    '${path}' = @(${words.map(([word, text]) => `@('${word}', '${(text === "" ? word : text).replaceAll("'", "''")}')`).join(", ")})`,
  );
  return `Register-ArgumentCompleter -Native -CommandName confiture -ScriptBlock {
  param($current, $line, $position)
  $all = @{
${lines.join("\n")}
  }
  $before = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
  if ($before[-1] -in '-e', '--env') {
    Get-ChildItem db/environments -ErrorAction SilentlyContinue | Where-Object Extension -in '.yaml', '.yml' |
      ForEach-Object BaseName | Where-Object { $_ -like "$current*" }
    return
  }
  if ($before[-1] -in '-C', '--project-dir') { return }
  $path = @()
  $skip = $false
  foreach ($word in $before | Select-Object -Skip 1) {
    if ($skip) { $skip = $false }
    elseif ($word -in '-e', '--env', '-C', '--project-dir') { $skip = $true }
    elseif (-not $word.StartsWith('-')) { $path += $word }
  }
  $all["$path"] | Where-Object { $_ -and $_[0] -like "$current*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`;
}
