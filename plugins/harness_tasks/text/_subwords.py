"""Byte-level byte-pair encoding (Sennrich et al. 2016), one vocabulary for both languages, fitted on training text.

Every byte is in the vocabulary, so nothing is unknown and every text comes back as it went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import DataError

PAD, BOS, EOS = 0, 1, 2
# Brackets that are no bytes: no merge of bytes can make these names, as merges make "<pad>" where it is frequent.
SPECIAL = ("⟨pad⟩", "⟨bos⟩", "⟨eos⟩")
SMALLEST = 256 + len(SPECIAL)
"""The vocabulary without a single merge."""


class Subwords:
    """A fitted vocabulary: text to symbol ids and back."""

    def __init__(self, serialised: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(serialised)
        # Text that happens to contain the name of a symbol is text.
        self._tokenizer.encode_special_tokens = True
        self.serialised = serialised

    @classmethod
    def fit(cls, texts: Iterable[str], vocab_size: int) -> Subwords:
        """Learn at most `vocab_size` symbols; a pair of symbols seen once only is never merged."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        # The blank put before a text makes its first word the same symbol as inside a sentence.
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=2,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str())

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, without beginning or end symbols.

        Raises:
            DataError: a text contains half of a surrogate pair.
        """
        for text in texts:
            check_encodable(text)
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; padding, beginning and end symbols are passed over."""
        return self._tokenizer.decode([int(i) for i in ids if i >= len(SPECIAL)], skip_special_tokens=False).strip()


def check_encodable(text: str) -> None:
    """Refuse what has no bytes.

    Raises:
        DataError: the text contains half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"Character {error.start + 1} of a text is U+{ord(text[error.start]):04X}, half of a surrogate pair: "
            "it was decoded wrongly. Give it in UTF-8."
        ) from error
