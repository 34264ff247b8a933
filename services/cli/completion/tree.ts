import type { Argument, Command, Option } from 'commander';

/** What can stand in the place of a value. */
export type Value =
  | { readonly kind: 'file' }
  | { readonly kind: 'one of'; readonly choices: readonly string[] }
  /** Something that a shell knows nothing of: a time, a name. */
  | { readonly kind: 'other' };

export interface OptionHelp {
  /** `--format`. */
  readonly flag: string;
  readonly about: string;
  /** undefined: it has none. */
  readonly value: Value | undefined;
}

/** A command, as its --help has it, or a command of a command: everything that a shell completes. */
export interface CommandHelp {
  /** `events export`; the program itself: empty. */
  readonly path: string;
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionHelp[];
  readonly argument: Value | undefined;
  readonly commands: readonly CommandHelp[];
}

/** Of the declarations that --help is printed from, the program first. */
export function commandTree(program: Command, path = ''): CommandHelp {
  const help = program.createHelp();
  const pathOf = (command: Command): string => `${path} ${command.name()}`.trim();
  return {
    path,
    name: program.name(),
    about: program.description(),
    options: help.visibleOptions(program).flatMap(optionHelp),
    argument: program.registeredArguments.map(valueOfArgument)[0],
    // commander's own "help" says what --help does.
    commands: program.commands.map((command) => commandTree(command, pathOf(command))),
  };
}

/** A command and all below it. */
export function flatten(command: CommandHelp): readonly CommandHelp[] {
  return [command, ...command.commands.flatMap(flatten)];
}

function optionHelp(option: Option): OptionHelp[] {
  if (option.long === undefined) return [];
  return [{ flag: option.long, about: option.description, value: valueOfOption(option) }];
}

function valueOfOption({ flags, argChoices, required, optional }: Option): Value | undefined {
  if (argChoices !== undefined) return { kind: 'one of', choices: argChoices };
  if (/[<[](file|dir)[>\]]/.test(flags)) return { kind: 'file' };
  return required || optional ? { kind: 'other' } : undefined;
}

function valueOfArgument(argument: Argument): Value {
  if (argument.argChoices !== undefined) return { kind: 'one of', choices: argument.argChoices };
  return argument.name() === 'file' ? { kind: 'file' } : { kind: 'other' };
}
