import { flatten } from './tree';
import type { CommandHelp, Value } from './tree';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * A script for a shell to source, that completes commands, options, files, and values of which there are few.
 */
export function completionScript(shell: Shell, program: CommandHelp): string {
  switch (shell) {
    case 'bash':
      return bash(program);
    case 'zsh':
      return zsh(program);
    case 'fish':
      return fish(program);
  }
}

/** As a word of any of the three. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const words = (texts: readonly string[]): string => quoted(texts.join(' '));

/** How far the words before have come: `place` is then the path of the command that is completed. */
function placeCases(commands: readonly CommandHelp[]): string {
  return commands
    .filter(({ path }) => path !== '')
    .map(({ path, name }) => {
      const before = path.slice(0, -name.length).trimEnd();
      return `      ${quoted(`${before}:${name}`)}) place=${quoted(path)} ;;`;
    })
    .join('\n');
}

function valueCases(commands: readonly CommandHelp[], actionOf: (value: Value) => string): string {
  return commands
    .flatMap(({ path, options }) =>
      options.flatMap(({ flag, value }) =>
        value === undefined ? [] : [`    ${quoted(`${path}:${flag}`)}) ${actionOf(value)}; return ;;`],
      ),
    )
    .join('\n');
}

// ---- bash -------------------------------------------------------------------------------------------------

function bash(program: CommandHelp): string {
  const commands = flatten(program);
  const cases = commands.map(({ path, options, argument, commands: below }) => {
    const own = [...below.map(({ name }) => name), ...options.map(({ flag }) => flag)];
    const choices = argument?.kind === 'one of' ? argument.choices : [];
    const files = argument?.kind === 'file' ? 'files=1' : 'files=';
    return `    ${quoted(path)}) words=${words([...own, ...choices])} ${files} ;;`;
  });
  return `# bash completion of fleetmeter: source <(fleetmeter completion bash)
_fleetmeter() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place= word words= files=
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place:$word" in
${placeCases(commands)}
    esac
  done
  case "$place:$prev" in
${valueCases(commands, bashValue)}
  esac
  case "$place" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ -n $files && $cur != -* ]]; then _fleetmeter_files "$cur"; fi
}
_fleetmeter_files() {
  local found
  mapfile -t found < <(compgen -f -- "$1")
  COMPREPLY+=("\${found[@]}")
  compopt -o filenames 2>/dev/null
}
complete -F _fleetmeter fleetmeter
`;
}

function bashValue(value: Value): string {
  switch (value.kind) {
    case 'file':
      return '_fleetmeter_files "$cur"';
    case 'one of':
      return `mapfile -t COMPREPLY < <(compgen -W ${words(value.choices)} -- "$cur")`;
    case 'other':
      return ':';
  }
}

// ---- zsh --------------------------------------------------------------------------------------------------

function zsh(program: CommandHelp): string {
  const commands = flatten(program);
  const described = (name: string, about: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${about.replaceAll('\n', ' ')}`);
  const cases = commands.map(({ path, options, argument, commands: below }) => {
    const list = below.map(({ name, about }) => described(name, about));
    const own = options.map(({ flag, about }) => described(flag, about));
    const last = argument === undefined ? '' : `; ${zshValue(argument)}`;
    return `    ${quoted(path)}) commands=(${list.join(' ')}) options=(${own.join(' ')})${last} ;;`;
  });
  return `#compdef fleetmeter
# zsh completion of fleetmeter: source <(fleetmeter completion zsh), or as _fleetmeter in a folder of $fpath
_fleetmeter() {
  local place= word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place:$word" in
${placeCases(commands)}
    esac
  done
  case "$place:\${words[CURRENT-1]}" in
${valueCases(commands, zshValue)}
  esac
  case "$place" in
${cases.join('\n')}
  esac
  (( $#commands )) && _describe -t commands command commands
  (( $#options )) && _describe -o -t options option options
}
if [[ $funcstack[1] == _fleetmeter ]]; then _fleetmeter "$@"; else compdef _fleetmeter fleetmeter; fi
`;
}

function zshValue(value: Value): string {
  switch (value.kind) {
    case 'file':
      return '_files';
    case 'one of':
      return `compadd -- ${value.choices.map(quoted).join(' ')}`;
    case 'other':
      return ':';
  }
}

// ---- fish -------------------------------------------------------------------------------------------------

function fish(program: CommandHelp): string {
  const lines = flatten(program).flatMap((command) => {
    const { options, argument, commands } = command;
    const here = `complete -c fleetmeter -n ${quoted(fishPlace(command))}`;
    return [
      ...commands.map(({ name, about }) => `${here} -f -a ${quoted(name)} -d ${quoted(about)}`),
      ...options.map(({ flag, about, value }) => {
        const taken = value === undefined ? '' : ` ${fishValue(value)}`;
        return `${here} -l ${flag.slice(2)} -d ${quoted(about)}${taken}`;
      }),
      ...(argument?.kind === 'one of' ? [`${here} -f -a ${words(argument.choices)}`] : []),
      ...(argument?.kind === 'file' ? [`${here} -F`] : []),
    ];
  });
  return `# fish completion of fleetmeter: fleetmeter completion fish | source
complete -c fleetmeter -f
${lines.join('\n')}
`;
}

/** Where the words before name this command, and none below it. */
function fishPlace({ path, commands }: CommandHelp): string {
  const seen = path.split(' ').filter((name) => name !== '');
  const below = commands.map(({ name }) => name);
  return [
    ...seen.map((name) => `__fish_seen_subcommand_from ${name}`),
    ...(below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`]),
  ].join('; and ');
}

function fishValue(value: Value): string {
  switch (value.kind) {
    case 'file':
      return '-r -F';
    case 'one of':
      return `-x -a ${words(value.choices)}`;
    case 'other':
      return '-x';
  }
}
