"""Labelled audio of one's own: a folder for each word, with the lists of Speech Commands if there are any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.foreign import shown
from harness.errors import DataError
from harness.metrics.listening import NO_COMMAND
from harness_datasets.spoken_commands._word_folders import Spoken, WordFolders, grouped

HARNESS_CONTRACT = 2


@dataclass
class LabelledFolder(WordFolders):
    """All words are commands but "unknown" and "silence", unless `commands` names them.

    Fields:
        speaker: a regular expression whose first group, in a file's name, is the speaker ('^([^_]+)_'); whole speakers
            then go into one split. None: within each word, by the hash of the content. Lists
            (validation_list.txt, testing_list.txt) overrule both.
    """

    name: ClassVar[str] = "folder"

    speaker: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.speaker is None:
            return
        try:
            groups = re.compile(self.speaker).groups
        except re.error as error:
            raise ValueError(f"task.speaker is '{self.speaker}', which is no regular expression: {error}.") from error
        if not groups:
            raise ValueError(f"task.speaker is '{self.speaker}'; it must have a group (...), which is the speaker.")

    @property
    def label(self) -> str:
        """The name of the user's folder."""
        return shown(self.root.name) if self.root else self.name

    def chosen(self, words: Sequence[str]) -> Sequence[str]:
        """All words.

        Raises:
            DataError: there is only one.
        """
        commands = [word for word in words if word not in NO_COMMAND]
        if not commands or len(words) < 2:
            raise DataError(
                f"The folder {self.root} has recordings of {', '.join(words)} only. Two words are needed, or a command "
                "and 'unknown': a folder for each, under task.root."
            )
        return commands

    def divided(self, spoken: Sequence[Spoken]) -> tuple[dict[str, list[Spoken]], str]:
        """By speaker where `speaker` says how, else by content."""
        return super().divided(spoken) if self.speaker is None else grouped(spoken, self.speaker)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [LabelledFolder]
