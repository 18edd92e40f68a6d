"""`harness completion SHELL`: one script for the subcommands and for the words of `run` and `sweep`.

The script asks `harness complete WORD...` for the words that may stand at the last position. That command reads
metadata and source files only, so that it answers at once: no plug-in, no torch and no Hydra is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.registry.discovery import PluginInfo

SCRIPTS = {
    "bash": """\
_harness_complete() {
    local line="${COMP_LINE:0:COMP_POINT}" words current candidate
    read -ra words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    current="${words[-1]}"
    COMPREPLY=()
    while IFS= read -r candidate; do
        # bash splits words at = and : and completes the last part only
        if [[ "$current" == *[=:]* && "$COMP_WORDBREAKS" == *=* ]]; then
            candidate="${candidate#"${current%"${current##*[=:]}"}"}"
        fi
        COMPREPLY+=("$candidate")
    done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    [[ "${#COMPREPLY[@]}" -eq 1 && "${COMPREPLY[0]}" == *[=.:] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _harness_complete harness
""",
    "zsh": """\
#compdef harness
_harness() {
    local -a found
    found=(${(f)"$(${words[1]} complete -- ${words[2,CURRENT]} 2>/dev/null)"})
    local -a open closed
    open=(${(M)found:#*[=.:]})
    closed=(${found:#*[=.:]})
    (( $#open )) && compadd -S '' -- $open
    (( $#closed )) && compadd -- $closed
}
compdef _harness harness
""",
    "fish": """\
function __harness_complete
    set -l words (commandline -opc) (commandline -ct)
    harness complete -- $words[2..-1] 2>/dev/null
end
complete -c harness -f -a '(__harness_complete)'
""",
}


def command(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")],
) -> None:
    """Print a completion script. For bash: eval "$(harness completion bash)"."""
    from harness.errors import UnknownNameError

    if shell not in SCRIPTS:
        raise UnknownNameError("completion for the shell", shell, SCRIPTS)
    print(SCRIPTS[shell], end="")


def complete_command(context: typer.Context) -> None:
    """Print the words that may stand where the last argument stands."""
    for candidate in candidates(context.args):
        print(candidate)


def candidates(words: list[str]) -> list[str]:
    """Completions of the last word, sorted.

    Args:
        words: the command line after "harness"; the last one is being typed and may be empty.
    """
    *before, current = words or [""]
    if before and before[0] in ("run", "sweep") and not current.startswith("-"):
        if before[0] == "sweep" or {"-m", "--multirun"} & set(before):
            return sorted(set(_sweep_words(before[1:], current)))
        return sorted(set(_words(before[1:], current)))
    return sorted(name for name in _command_words(before) if name.startswith(current))


def _command_words(before: list[str]) -> Iterable[str]:
    """Subcommands and options that may follow."""
    from typer.main import get_command

    from harness.cli.main import app

    node = get_command(app)
    for word in before:
        commands = getattr(node, "commands", {})
        if word in commands:
            node = commands[word]
    if before[:1] == ["data"] and before[1:2] in (["fetch"], ["verify"]):
        yield from _names("task")
    if before == ["completion"]:
        yield from SCRIPTS
    if before == ["check"]:
        yield from (*_names("task"), *_names("model"))
    if before[:1] == ["new"] and before[-1] == "--from":
        yield from _names(before[1])
        return
    yield from (name for name, command in getattr(node, "commands", {}).items() if not command.hidden)
    for parameter in node.params:
        yield from (option for option in parameter.opts if option.startswith("--"))


def _words(before: list[str], current: str) -> Iterable[str]:
    """Words of Hydra's grammar that begin with `current`."""
    from harness.cli.words import group_choices
    from harness.config.schema import OPTIONS

    name, equals, _ = current.partition("=")
    groups = group_choices()
    if equals:
        if name in groups:
            yield from _starting(current, (f"{name}={choice}" for choice, _ in groups[name]))
        else:
            yield from _starting(current, (f"{name}={value}" for value in _values(name)))
    elif "." in current:
        yield from _starting(current, (f"{option}=" for option in [*_options(before), *OPTIONS]))
    else:
        sections = ("task.", "model.", "optimizer.", "trainer.", "decoding.")
        yield from _starting(current, [*(f"{group}=" for group in groups), *(f"{o}=" for o in OPTIONS), *sections])


def _sweep_words(before: list[str], current: str) -> Iterable[str]:
    """As `_words`; after a comma, the next value of the list."""
    head, comma, last = current.rpartition(",")
    if not comma or "=" not in head:
        yield from _words(before, current)
        return
    name, _, given = head.partition("=")
    taken = given.split(",")
    for word in _words(before, f"{name}={last}"):
        value = word.partition("=")[2]
        if value not in taken:
            yield f"{head},{value}"


def _options(before: list[str]) -> Iterable[str]:
    from harness.cli.words import plugin_option_names, setting_names

    yield from setting_names()
    defaults = {"task": "translation", "model": "lstm"}
    chosen = {**defaults, **dict(word.split("=", 1) for word in before if "=" in word)}
    for kind in defaults:
        for name in chosen[kind].split(","):
            yield from plugin_option_names(kind, name)


def _values(name: str) -> Iterable[str]:
    from harness.config.schema import CHOICES, LOGGERS, SHORT

    begun = {"budget": ("epochs:", "steps:", "seconds:", "tokens:"), "match": ("params:", "total:"), "logger": LOGGERS}
    return begun.get(name) or CHOICES.get(SHORT.get(name, name), ())


def _names(kind: str) -> Iterable[str]:
    from harness.registry.discovery import list_plugins

    found: list[PluginInfo] = list_plugins(kind)
    return (info.name for info in found)


def _starting(current: str, words: Iterable[str]) -> Iterable[str]:
    return (word for word in words if word.startswith(current))
