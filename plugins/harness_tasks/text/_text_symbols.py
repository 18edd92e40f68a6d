"""Vocabularies of the text tasks: text <-> symbol ids, fitted on training text only.

Every vocabulary begins with pad = 0, bos = 1, unk = 2. Text that looks like one of them ("<pad>") is text; the one
exception is "<unk>" in a vocabulary of words, which by convention stands in prepared corpora for the unknown word.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.errors import ConfigError
from harness_tasks.text._subwords import check_encodable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, BOS, UNK = 0, 1, 2
# Brackets that are no bytes: no merge of bytes can make these names, as merges make "<pad>" where it is frequent.
SPECIAL = ("⟨pad⟩", "⟨bos⟩", "⟨unk⟩")
UNKNOWN_WORD = "<unk>"
END_OF_LINE = "\n"
_TOKENIZER, _VOCABULARY = "tokenizer.json", "vocabulary.json"


class Symbols(Enum):
    """What one symbol is."""

    character = "character"
    subword = "subword"
    word = "word"


class SymbolVocabulary(Protocol):
    """Text <-> ids."""

    @property
    def size(self) -> int:
        """V, special symbols included."""
        ...

    def encode(self, text: str) -> np.ndarray:
        """int64 (T,); symbols never seen in training become `UNK`."""
        ...

    def encode_all(self, texts: Sequence[str]) -> Iterable[np.ndarray]:
        """As `encode`, of each text; on all cores where that is possible."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids; pad and bos vanish."""
        ...

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json`, which `load_vocabulary` reads."""
        ...


class CharacterVocabulary:
    """One id for every character (code point) of the training text, in code point order."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._characters = sorted(set().union(*map(set, texts)))
        # A table over code points encodes megabytes in milliseconds; what lies beyond it is unknown too.
        highest = max(map(ord, self._characters), default=0)
        self._table = np.full(highest + 2, UNK, dtype=np.int64)
        for position, character in enumerate(self._characters):
            self._table[ord(character)] = position + len(SPECIAL)

    @property
    def size(self) -> int:
        """V, special symbols included."""
        return len(self._characters) + len(SPECIAL)

    def encode(self, text: str) -> np.ndarray:
        """int64 (T,), T = len(text)."""
        points = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)
        return self._table[np.minimum(points, len(self._table) - 1)]

    def encode_all(self, texts: Sequence[str]) -> Iterable[np.ndarray]:
        """As `encode`, of one text after the other."""
        return map(self.encode, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """The text; an unknown character is shown as U+FFFD."""
        return "".join(self._one(int(i)) for i in ids if int(i) not in (PAD, BOS))

    def save(self, folder: Path) -> None:
        """Write the characters into `vocabulary.json`."""
        _write(folder, Symbols.character, characters="".join(self._characters))

    def _one(self, symbol: int) -> str:
        return "�" if symbol == UNK else self._characters[symbol - len(SPECIAL)]


class SubwordVocabulary:
    """Byte-level BPE (Sennrich et al. 2016; bytes as in Radford et al. 2019): every text can be written in it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        # Text that happens to contain the name of a symbol is text. It is no part of the saved tokenizer.
        self._tokenizer.encode_special_tokens = True

    @property
    def size(self) -> int:
        """V, special symbols included."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> np.ndarray:
        """int64 (T,).

        Raises:
            DataError: the text contains half of a surrogate pair.
        """
        check_encodable(text)
        return np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def encode_all(self, texts: Sequence[str]) -> Iterable[np.ndarray]:
        """As `encode`, of each text; on all cores unless TOKENIZERS_PARALLELISM forbids it.

        Raises:
            DataError: a text contains half of a surrogate pair.
        """
        for text in texts:
            check_encodable(text)
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        encoded.reverse()
        while encoded:  # each is far larger than its ids, and goes when they are taken
            yield np.array(encoded.pop().ids, dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """The text; bytes that form no character are shown as U+FFFD."""
        return str(self._tokenizer.decode([int(i) for i in ids if int(i) >= len(SPECIAL)], skip_special_tokens=False))

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json`, and `vocabulary.json` which says so."""
        self._tokenizer.save(str(folder / _TOKENIZER))
        _write(folder, Symbols.subword, tokenizer=_TOKENIZER)

    @classmethod
    def load(cls, folder: Path) -> SubwordVocabulary:
        """Read the `tokenizer.json` of a folder."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_file(str(folder / _TOKENIZER)))

    @classmethod
    def fit(cls, texts: Iterable[str], vocab_size: int) -> SubwordVocabulary:
        """Learn at most `vocab_size` symbols from `texts`.

        Raises:
            ConfigError: `vocab_size` has no room for the 256 bytes and the special symbols.
        """
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        least = 256 + len(SPECIAL)
        if vocab_size < least:
            raise ConfigError(f"task.vocab_size is {vocab_size}; byte-level subwords need at least {least}.")

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)


class WordVocabulary:
    """One id for every word between white space, and one for the end of a line; most frequent first.

    "<unk>" in the text is the unknown word itself. "<pad>", "<bos>" and "<eos>" are words like others.
    """

    def __init__(self, texts: Iterable[str], vocab_size: int | None = None) -> None:
        counts = Counter(word for text in texts for word in _words(text) if word != UNKNOWN_WORD)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        self._number(ranked[: None if vocab_size is None else max(vocab_size - len(SPECIAL), 0)])

    @classmethod
    def of(cls, words: Sequence[str]) -> WordVocabulary:
        """From words in the order of their ids, special symbols left out."""
        made = cls(())
        made._number(words)
        return made

    def _number(self, words: Sequence[str]) -> None:
        self._words = ["", "", UNKNOWN_WORD, *words]
        self._ids = {word: i for i, word in enumerate(self._words) if i not in (PAD, BOS)}

    @property
    def size(self) -> int:
        """V, special symbols included."""
        return len(self._words)

    def encode(self, text: str) -> np.ndarray:
        """int64 (T,): a symbol for each word and each end of line."""
        return np.array([self._ids.get(word, UNK) for word in _words(text)], dtype=np.int64)

    def encode_all(self, texts: Sequence[str]) -> Iterable[np.ndarray]:
        """As `encode`, of one text after the other."""
        return map(self.encode, texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Words with blanks between them, and line ends."""
        return " ".join(self._words[int(i)] for i in ids if int(i) not in (PAD, BOS))

    def save(self, folder: Path) -> None:
        """Write the words into `vocabulary.json`."""
        _write(folder, Symbols.word, words=self._words[len(SPECIAL) :])


def unknown_symbols(encoded: np.ndarray) -> tuple[str, ...]:
    """What is said of encoded text with symbols that training never saw; empty where there are none."""
    count = int((encoded == UNK).sum())
    return (f"{count:,} of {len(encoded):,} symbols were never seen in training",) if count else ()


def load_vocabulary(folder: Path) -> SymbolVocabulary:
    """The vocabulary that `SymbolVocabulary.save` wrote."""
    content = json.loads((folder / _VOCABULARY).read_text(encoding="ascii"))
    kind = Symbols(content["symbols"])
    if kind is Symbols.character:
        return CharacterVocabulary([content["characters"]])
    return WordVocabulary.of(content["words"]) if kind is Symbols.word else SubwordVocabulary.load(folder)


def _write(folder: Path, kind: Symbols, **content: object) -> None:
    # As ASCII, since a text may hold what UTF-8 cannot say (half a surrogate pair).
    (folder / _VOCABULARY).write_text(json.dumps({"symbols": kind.value, **content}), encoding="ascii")


def _words(text: str) -> list[str]:
    """Words, and `END_OF_LINE`, which white space is and so no word can be."""
    first, *rest = (line.split() for line in text.split("\n"))
    return [*first, *(word for line in rest for word in (END_OF_LINE, *line))]
