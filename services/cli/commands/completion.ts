import { Argument } from 'commander';
import { SHELLS, completionScript } from '../completion/scripts';
import type { Shell } from '../completion/scripts';
import { commandTree } from '../completion/tree';
import { examples } from '../declaration';
import type { AddCommand } from '../declaration';

/**
 * What it completes is what the program has when it runs: all commands, where it is the one that is asked
 * for.
 */
export const addCompletion: AddCommand = (program) => {
  program
    .command('completion')
    .description('a script that completes commands, options and files in a shell')
    .addArgument(new Argument('<shell>', 'whose').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        'fleetmeter completion bash > ~/.local/share/bash-completion/completions/fleetmeter',
        'fleetmeter completion zsh > ~/.zsh/completions/_fleetmeter',
        'fleetmeter completion fish > ~/.config/fish/completions/fleetmeter.fish',
      ),
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, commandTree(program)));
    });
};
