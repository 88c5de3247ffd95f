"""`barometer completion`: the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Examples
      barometer completion bash > ~/.local/share/bash-completion/completions/barometer
      barometer completion zsh  > ~/.zfunc/_barometer
      barometer completion fish > ~/.config/fish/completions/barometer.fish
    """
    from agents.cli import barometer

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(barometer, {}, "barometer", "_BAROMETER_COMPLETE").source())
