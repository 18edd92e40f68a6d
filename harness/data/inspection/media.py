"""What folders of recordings and films hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from harness.data.foreign import shown
from harness.data.inspection.finding import Command, Inspected, counted, listed

AUDIO = frozenset(
    [".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph"]
)
VIDEO = frozenset([".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ogv"])
_LISTS = ("train.tsv", "val.tsv", "test.tsv")
_PROBED = 200
_KTH = re.compile(r"person\d\d_[a-z]+_d\d_uncomp\.avi")
_YES_NO = re.compile(r"[01](_[01]){7}\.wav")
_DIGIT = re.compile(r"\d_[a-z]+_\d+\.wav")


def inspect_recordings(root: Path, files: Sequence[PurePath]) -> Inspected:
    """A folder of audio: with lists of transcripts, or in folders named by what is heard."""
    audio = [path for path in files if path.suffix.lower() in AUDIO]
    names = {path.name for path in files if len(path.parts) == 1}
    facts = [("recordings", f"{len(audio):,} ({_endings(audio)})"), *_durations(root, audio)] if audio else []
    if frames := sum(path.suffix.lower() == ".mfc" for path in files):
        facts.append(("feature files", f"{frames:,} (.mfc)"))
    if published := _published_speech(files):
        options = (("task.audio", "true"),) if published == "an4" and audio else ()
        return Inspected(
            f"speech in the layout of {published}",
            tuple(facts),
            (),
            (Command(f"speech_recognition.{published}", options),),
        )
    if present := [name for name in _LISTS if name in names]:
        missing = [name for name in _LISTS if name not in names]
        odd = (
            (f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing; all three lists are needed",)
            if missing
            else ()
        )
        commands = () if missing else (Command("speech_recognition.folder"),)
        facts.append(("lists", ", ".join(present)))
        return Inspected("recordings with transcripts", tuple(facts), odd, commands)
    return _of_classes("recordings", facts, audio, Command("spoken_commands.folder"), hint=(
        "Put the recordings of each class into a folder of its own, or write train.tsv, val.tsv and test.tsv with "
        "lines 'path<TAB>text'."
    ))  # fmt: skip


def inspect_films(root: Path, files: Sequence[PurePath]) -> Inspected:
    """A folder of films in folders named by what happens."""
    films = [path for path in files if path.suffix.lower() in VIDEO]
    facts = [("films", f"{len(films):,} ({_endings(films)})")]
    names = {path.name.lower() for path in files}
    published = "ucf101" if any(name.startswith("trainlist0") for name in names) else ""
    published = published or ("hmdb51" if any("_test_split" in name for name in names) else "")
    published = published or ("kth" if films and all(_KTH.fullmatch(path.name) for path in films) else "")
    if published:
        return Inspected(
            f"films in the layout of {published}",
            tuple(facts),
            (),
            (Command(f"action_recognition.{published}", models=("cnn_lstm", "lstm")),),
        )
    command = Command("action_recognition.folder", models=("cnn_lstm", "lstm"))
    return _of_classes("films", facts, films, command, hint="Put the films of each class into a folder of its own.")


def inspect_recording(path: Path) -> Inspected:
    """One recording."""
    return Inspected("a recording", tuple(_durations(path.parent, [PurePath(path.name)])), hint=(
        "One recording alone cannot be trained on. Give the folder with the others: in a folder for each class, or "
        "with train.tsv, val.tsv and test.tsv of transcripts."
    ))  # fmt: skip


def inspect_film(path: Path) -> Inspected:
    """One film."""
    hint = "One film alone cannot be trained on. Give the folder with the others, in a folder for each class."
    return Inspected("a film", (("file", shown(path.name)),), hint=hint)


def _of_classes(
    what: str, facts: list[tuple[str, str]], files: Sequence[PurePath], command: Command, *, hint: str
) -> Inspected:
    counts = Counter(path.parts[0] for path in files if len(path.parts) > 1)
    loose = sum(len(path.parts) == 1 for path in files)
    if len(counts) < 2:
        return Inspected(what, tuple(facts), hint=hint)
    facts.append(
        ("classes", f"{len(counts)}: {listed([f'{shown(name)} {count:,}' for name, count in counts.most_common()])}")
    )
    odd = []
    if loose:
        odd.append(f"{counted(loose, 'file')} in no folder of a class")
    if few := [shown(name) for name, count in counts.items() if count < 3]:
        odd.append(f"fewer than three {what} of {listed(few)}: each class needs one for training, validation and test")
    if {name.lower() for name in counts} & {"train", "training"} and {name.lower() for name in counts} & {
        "test",
        "testing",
    }:
        odd.append("its folders are named as splits, not as classes")
    return Inspected(f"{what} in folders of classes", tuple(facts), tuple(odd), (command,))


def _published_speech(files: Sequence[PurePath]) -> str:
    """The name of a standard data set whose layout this is."""
    names = [path.name.lower() for path in files]
    if any(name.endswith(".trans.txt") for name in names):
        return "librispeech"
    sound = [path.name.lower() for path in files if path.suffix.lower() in AUDIO]
    for published, form in (("fsdd", _DIGIT), ("yesno", _YES_NO)):
        if sound and all(form.fullmatch(name) for name in sound):
            return published
    lists = ("_train.transcription", "_train.json")
    return "an4" if any(name.startswith("an4") and name.endswith(lists) for name in names) else ""


def _durations(root: Path, audio: Sequence[PurePath]) -> list[tuple[str, str]]:
    """How long recordings last together and each, of a sample where there are many; and their rates."""
    import soundfile

    seconds, rates = [], Counter[int]()
    chosen = audio[:: max(1, len(audio) // _PROBED)]
    for path in chosen:
        try:
            info = soundfile.info(root / path)
        except (RuntimeError, OSError):
            continue
        seconds.append(info.duration)
        rates[info.samplerate] += 1
    if not seconds:
        return [("duration", "no file can be opened as sound")]
    about = "about " if len(chosen) < len(audio) else ""
    total = sum(seconds) / len(seconds) * len(audio)
    rows = [("duration", f"{about}{total / 60:.1f} minutes, {min(seconds):.2f} to {max(seconds):.2f} s each")]
    if len(seconds) < len(chosen):
        rows.append(("unreadable", f"{len(chosen) - len(seconds)} of {len(chosen)} looked at"))
    return [*rows, ("sample rate", ", ".join(f"{rate:,} Hz" for rate, _ in rates.most_common(4)))]


def _endings(files: Sequence[PurePath]) -> str:
    counts = Counter(path.suffix.lower() for path in files)
    return ", ".join(f"{ending} {count:,}" for ending, count in counts.most_common())
