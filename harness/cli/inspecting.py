"""Prints what was understood of the user's data, and the commands that run on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.foreign import shown

if TYPE_CHECKING:
    from harness.data.inspection import Command, Inspected

_PLAIN = re.compile(r"[\w./~+-]+")


def print_finding(path: Path, finding: Inspected) -> None:
    """Print what a file or folder holds, what is odd about it, and the commands."""
    from harness.cli import output

    output.table(("", ""), finding.facts, title=f"{shown(path)}: {finding.kind}", empty="")
    for sentence in finding.odd:
        output.say(f"  Note: {sentence[:1].upper()}{sentence[1:].removesuffix('.')}.")
    if finding.odd:
        print()
    commands = [line for line in (command_line(path, command) for command in finding.commands) if line]
    for command in commands:
        output.say(f"  {command}")
    if not commands:
        missing = ", ".join(command.dataset for command in finding.commands)
        output.say(f"  {finding.hint or f'It could be read by the data set {missing}, which is not installed.'}")
    print()


def command_line(path: Path, command: Command) -> str:
    """The command that runs on the data; empty where its data set is not installed."""
    from harness.config.quoting import as_typed_in_shell
    from harness.registry.discovery import registry

    if command.dataset not in registry().names("dataset"):
        return ""
    task, _, name = command.dataset.partition(".")
    models = [model for model in command.models if model in registry().names("model")]
    path = path.parent if command.of_folder and path.is_file() else path
    root = f"task.root={path}" if _PLAIN.fullmatch(str(path)) else as_typed_in_shell("task.root", str(path))
    options = "".join(f" {key}={value}" for key, value in command.options)
    return f"harness sweep task={task} task.dataset={name} {root}{options} model={','.join(models)}"


def as_json(path: Path, finding: Inspected) -> dict[str, object]:
    """A finding for programs."""
    commands = [command_line(path, command) for command in finding.commands]
    return {
        "path": str(path),
        "kind": finding.kind,
        "facts": dict(finding.facts),
        "odd": list(finding.odd),
        "commands": [command for command in commands if command],
        "hint": finding.hint,
    }
