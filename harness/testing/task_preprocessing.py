"""The clause of the task contract on preprocessing: what a trained model will be given is what it was trained on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.testing.clause import clause
from harness.testing.task_subject import SPLITS, TaskSubject, digest

_EXAMPLES = 8
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill")


def _none(subject: TaskSubject) -> str:
    given = subject.data.preprocessing is not None
    return "" if given else "the task gives no preprocessing, so its trained models take encoded inputs only"


@clause(
    "Make examples with `Preprocessing.encode`, return the raw examples behind them from raw_examples, and let `save` "
    "write all that `load_preprocessing` needs, as JSON, text or plain arrays.",
    inapplicable=_none,
)
def preprocessing(subject: TaskSubject) -> None:
    """Encoding a raw example gives the example and its units, before and after the preprocessing went through its
    files."""
    given = subject.data.preprocessing
    assert given is not None
    for name in SPLITS:
        raw = _raw(subject, name)
        examples = [e for e, _ in zip(subject.each(name), range(_EXAMPLES), strict=False)]
        missing = [e.id for e in examples if e.id not in raw]
        assert not missing, f"raw_examples('{name}') has no raw example of '{missing[0]}'"
        _compare(subject, given, [(e, raw[e.id]) for e in examples], "")
    again = _through_files(subject, given)
    raw = _raw(subject, "test")
    pairs = [(e, raw[e.id]) for e, _ in zip(subject.each("test"), range(_EXAMPLES), strict=False)]
    _compare(subject, again, pairs, " once it is read from its files")


def _raw(subject: TaskSubject, split: str) -> dict[str, RawExample]:
    found = subject.task.raw_examples(split)
    assert found is not None, f"raw_examples('{split}') returns None; expected what the examples are made of"
    return {one.id: one for one in found}


def _compare(subject: TaskSubject, tried: Preprocessing, pairs: list[tuple[Example, RawExample]], when: str) -> None:
    streams = subject.data.target_spec.needs.streams
    for example, raw in pairs:
        subject._at[:] = [example]
        found = tried.encode(raw.target if streams else raw.input)
        wanted = example.target if streams else example.input
        assert digest(found) == digest(wanted), f"encode of raw example '{raw.id}' differs from its input{when}"
        if type(tried).encode_target is Preprocessing.encode_target:  # left out
            continue
        answer = tried.encode_target(raw.target)
        assert digest(answer) == digest(example.target), (
            f"encode_target of raw example '{raw.id}' differs from its target{when}: found {answer!r}"
        )
        counted, expected = (_counts(one) for one in (tried.example(raw), example))
        assert counted == expected, (
            f"example of raw example '{raw.id}' has other units, on which scores depend{when}: found {counted}, "
            f"expected {expected}"
        )
    subject._at.clear()


def _counts(example: Example) -> dict[str, float]:
    """The units that scores depend on: of the seconds only the real-time factor is made."""
    return {name: value for name, value in example.units.items() if name != "seconds"}


def _through_files(subject: TaskSubject, given: Preprocessing) -> Preprocessing:
    """The preprocessing as its task rebuilds it, with an empty cache; its files are plain, and the same again."""
    with tempfile.TemporaryDirectory(prefix="harness-contract-") as place:
        first, second, nothing = (Path(place, name) for name in ("first", "second", "nothing"))
        first.mkdir()
        second.mkdir()
        given.save(first)
        files = _contents(first)
        assert files, "save wrote no file"
        for name, content in files.items():
            plain = not name.endswith(_PICKLES) and not content.startswith(b"\x80")
            assert plain, f"save wrote '{name}', which is a pickle; expected JSON, text or plain arrays"
        with patch.dict(os.environ, HARNESS_DATA=str(nothing)):
            again = subject.task.load_preprocessing(first)
        assert again is not None, "load_preprocessing returns None for the folder that save wrote"
        again.save(second)
        other = _contents(second)
        changed = sorted(name for name in files.keys() | other.keys() if files.get(name) != other.get(name))
        assert not changed, f"saved, read and saved again, '{changed[0]}' is another"
        return again


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
