"""METEOR of captions, by the authors' own program, version 1.5, as published figures of captioning have it.

The program and its tables of synonyms and paraphrases come with the package pycocoevalcap (an extra of the harness) and
need Java. It is started once a process and asked line by line, as pycocoevalcap does: "SCORE ||| references ||| answer"
gives the statistics of a sentence, "EVAL ||| statistics ||| ..." the score of all of them together.

Source: Denkowski and Lavie 2014, "Meteor Universal: Language Specific Translation Evaluation for Any Target Language".
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import ConfigError, DataError
from harness.metrics.captioning import caption_words
from harness.metrics.ratios import texts

_PACKAGE, _JAR = "pycocoevalcap", "meteor/meteor-1.5.jar"
_BETWEEN = " ||| "


class MeteorProgram:
    """The running program.

    Args:
        command: that starts it.

    Raises:
        DataError: it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise DataError(f"METEOR cannot be started ({command[0]}: {error.strerror}).") from error
        atexit.register(self.stop)

    def ask(self, line: str, answers: int = 1) -> list[str]:
        """The lines with which it answers one.

        Raises:
            DataError: it has ended.
        """
        given, said = self._process.stdin, self._process.stdout
        assert given is not None
        assert said is not None
        try:
            given.write(f"{line}\n")
            given.flush()
            found = [said.readline().strip() for _ in range(answers)]
        except (OSError, ValueError) as error:  # a pipe that is broken, or closed
            raise DataError(f"METEOR ended ({error}). It needs Java and 2 GB of memory.") from error
        if not all(found):
            raise DataError("METEOR ended without an answer. It needs Java and 2 GB of memory.")
        return found

    def stop(self) -> None:
        """End it; safe twice."""
        atexit.unregister(self.stop)
        self._process.kill()
        self._process.communicate()


def check_meteor() -> None:
    """Whether METEOR can be computed here.

    Raises:
        ConfigError: the package or Java is missing; the message says how to get it.
    """
    if find_spec(_PACKAGE) is None:
        raise ConfigError(
            "METEOR needs the package pycocoevalcap, which brings its program: pip install 'sequence-harness[meteor]'."
        )
    if shutil.which("java") is None:
        raise ConfigError("METEOR is a Java program, and there is no java on the PATH. Install a Java runtime.")


@lru_cache(maxsize=1)
def _program() -> MeteorProgram:
    check_meteor()
    found = find_spec(_PACKAGE)
    assert found is not None
    folder = Path(next(iter(found.submodule_search_locations or [])))
    options = ["-", "-", "-stdio", "-l", "en", "-norm"]
    return MeteorProgram(["java", "-jar", "-Xmx2G", str(folder / _JAR), *options])


def _statistics(prediction: Prediction, example: Example) -> Statistics:
    answer, references = texts(prediction, example)
    cleaned = [" ".join(caption_words(text)) for text in (*references, answer)]
    (found,) = _program().ask(_BETWEEN.join(["SCORE", *cleaned]))
    return {"meteor": found}


def _score(rows: Sequence[Statistics]) -> float:
    """The last of the answers; those before are of each sentence."""
    *_, whole = _program().ask(_BETWEEN.join(["EVAL", *(row["meteor"] for row in rows)]), len(rows) + 1)
    return 100.0 * float(whole)


METEOR = Metric(
    name="meteor",
    unit="METEOR",
    higher_is_better=True,
    statistics=_statistics,
    aggregate=_score,
    description="Alignment of words, stems, synonyms and paraphrases with the best reference: the authors' program, "
    "version 1.5, English, times 100.",
    signature="case:lc|tok:words|meteor:1.5|l:en|norm|as:pycocoevalcap",
    margin=0.5,
)
