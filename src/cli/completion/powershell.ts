import { type Completion, optionValues, type Word } from "./facts.ts";
import { SOURCE_WORDS } from "./project.ts";

/** A script that makes PowerShell complete, on every system. */
export function powershellCompletion(all: readonly Completion[]): string {
  const facts = all.map(
    ({ path, commands, options, positionals, isList }) =>
      `    '${path}' = @{ commands = @(${wordsOf(commands)}); options = @(${wordsOf(options)}); positionals = @(${positionals
        .map(quoteForPowerShell)
        .join(", ")}); list = $${isList} }`,
  );
  return `Register-ArgumentCompleter -Native -CommandName confiture -ScriptBlock {
  param($current, $line, $position)
  $all = @{
${facts.join("\n")}
  }
  $takes = @{
${valueEntries(all).join("\n")}
  }
  $folder = '.'
  $path = ''
  $option = ''
  $count = 0
  function valuesOf($name) {
    if ($takes.ContainsKey("$path $name")) { $takes["$path $name"] } else { $takes["* $name"] }
  }
  function environments {
    Get-ChildItem (Join-Path $folder 'db/environments') -ErrorAction SilentlyContinue |
      Where-Object Extension -in '.yaml', '.yml' | ForEach-Object BaseName
  }
  function revisions { git -C $folder for-each-ref '--format=git:%(refname:short)' refs/heads refs/tags 2>$null }
  function offer($values, $begin, $before) {
    $found = switch -Wildcard ($values) {
      'words *' { $values.Substring(6).Split(' ') }
      'environments' { environments }
      'versions' {
        Get-ChildItem (Join-Path $folder 'db/migrations') -ErrorAction SilentlyContinue | ForEach-Object {
          if ($_.Name -match '^[VU]?([0-9][0-9.]*)') { $Matches[1] }
        } | Sort-Object -Unique
      }
      'revisions' { 'git:HEAD'; revisions }
      'sources' {
        '${SOURCE_WORDS}'.Split(' ')
        environments | ForEach-Object { "env:$_" }
        revisions
      }
    }
    # Where nothing is returned, PowerShell completes files.
    $found | Where-Object { $_ -and $_ -like "$begin*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new("$before$_", $_, 'ParameterValue', $_)
    }
  }
  function described($words) {
    $words | Where-Object { $_ -and $_[0] -like "$current*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
  }
  $before = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
  foreach ($word in $before | Select-Object -Skip 1) {
    if ($option) {
      if ($option -cin '-C', '--project-dir') { $folder = $word }
      $option = ''
    }
    elseif ($word.StartsWith('-')) {
      if ($word.StartsWith('--project-dir=')) { $folder = $word.Substring(14) }
      if (valuesOf $word) { $option = $word }
    }
    elseif (@($all[$path].commands | Where-Object { $_ -and $_[0] -ceq $word }).Count -gt 0) {
      if ($word -notin 'help', 'version') { $path = "$path $word".Trim() }
    }
    else { $count++ }
  }
  $here = $all[$path]
  if ($option) { offer (valuesOf $option) $current '' }
  elseif ($current -like '-*=*') {
    $name, $begin = $current -split '=', 2
    offer (valuesOf $name) $begin "$name="
  }
  elseif ($current.StartsWith('-')) { described $here.options }
  elseif ($here.commands.Count -gt 0) { described $here.commands }
  else {
    if ($here.list -and $count -ge $here.positionals.Count) { $count = $here.positionals.Count - 1 }
    $values = $here.positionals[$count]
    if (-not $values -or $values -eq 'any') { described $here.options } else { offer $values $current '' }
  }
}
`;
}

/** A list of one pair would be taken apart without the comma in front of it. */
function wordsOf(words: readonly Word[]): string {
  return words
    .map(([word, text]) => `,@(${quoteForPowerShell(word)}, ${quoteForPowerShell(text === "" ? word : text)})`)
    .join("; ");
}

/** Keys of PowerShell's tables do not tell capitals from small letters; no two options differ in no more than that. */
function valueEntries(all: readonly Completion[]): string[] {
  return optionValues(all).map(
    ({ path = "*", option, kind }) => `    ${quoteForPowerShell(`${path} ${option}`)} = ${quoteForPowerShell(kind)}`,
  );
}

function quoteForPowerShell(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
