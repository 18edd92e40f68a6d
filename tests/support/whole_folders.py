"""Small whole folders for the data sets of the user's own files, and what may happen to them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from damage import CUT, Damage, damages
from hypothesis import strategies as st
from whole_files import whole_files


def whole_folders() -> dict[str, dict[str, bytes]]:
    """Relative path -> content, for each kind of folder."""
    files = whole_files()
    sounds = {f"{split}{n}.{end}": files[name] for split in _SPLITS for n, (end, name) in enumerate(_SOUNDS)}
    lists = {
        f"{split}.tsv": "".join(f"{split}{n}.{end}\tgood morning {n}\n" for n, (end, _) in enumerate(_SOUNDS)).encode()
        for split in _SPLITS
    }
    films = {
        f"{label}/{n}{Path(name).suffix}": files[name] + (b"" if label == "run" else b"\0" * n)
        for label in ("run", "walk")
        for n, name in enumerate(("h264.mp4", "h264.mkv", "mpeg4.avi", "vp8.webm"))
    }
    texts = {f"{split}.txt": files["a.txt"] for split in _SPLITS}
    pairs = {
        f"{split}.{code}": "".join(f"{split} {word} {n}\n" for n in range(6)).encode()
        for split in _SPLITS
        for code, word in (("en", "house"), ("de", "Haus"))
    }
    return {"audio": sounds | lists, "video": films, "text": texts, "parallel": pairs}


_SPLITS = ("train", "val", "test")
_SOUNDS = (("wav", "pcm16.wav"), ("flac", "a.flac"), ("ogg", "vorbis.ogg"))

_NAMES = st.one_of(
    st.binary(min_size=1, max_size=8),
    st.sampled_from(
        b"train0.wav|TRAIN0.WAV|caf\xe9.wav|a\nb.mp4|x.mp4|run|train.tsv|test.txt|.x|train.en.gz|train.EN| |-|a\tb.wav|"
        b"\xff\xfe.txt|val.txt |valid.txt|CON".split(b"|")
    ),
)


@dataclass(frozen=True)
class Mishap:
    """One thing that happens to a folder: something befalls the file of a number, or a new one comes in."""

    what: str
    file: int
    name: bytes = b"x"
    damage: Damage = field(default_factory=lambda: Damage(CUT, 0.0))

    def befall(self, folder: Path) -> None:
        """Change the folder; what the file system refuses does not happen."""
        files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
        if not files:
            return
        file = files[self.file % len(files)]
        name = self.name.translate(None, b"/\0")
        if name in (b"", b".", b".."):
            return
        new = file.with_name(os.fsdecode(name))
        if self.what == "damage":
            file.write_bytes(self.damage.apply(file.read_bytes()))
        elif self.what == "removed":
            file.unlink()
        elif new.exists() or new.is_symlink():
            return
        elif self.what == "renamed":
            file.rename(new)
        elif self.what == "copied":
            shutil.copy(file, new)
        elif self.what == "linked":
            new.symlink_to(file if self.file % 2 else folder, target_is_directory=self.file % 2 == 0)
        elif self.what == "dangling":
            new.symlink_to("nowhere")
        else:
            new.mkdir()


mishaps = st.builds(
    Mishap,
    st.sampled_from(["damage", "damage", "damage", "removed", "renamed", "copied", "linked", "dangling", "folder"]),
    st.integers(0, 40),
    _NAMES,
    damages,
)
