"""Commands to a home with their slots, drawn from the sentence templates of a pinned Home Assistant wheel."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar

from harness_tasks.tagged_text import TaggedText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.data.sources import GeneratedSource, Source, WheelSource
from harness.data.splitting import by_group
from harness.errors import DataError, UnknownNameError
from harness_datasets.tagging._open_values import OPEN_VALUES
from harness_datasets.tagging._sentence_templates import Node, draw, lists_of, parse
from harness_datasets.tagging._tagged_rows import Sentence, raw_data, tagged
from harness_datasets.tagging.toy_slots import ToySlots

HARNESS_CONTRACT = 2

SOURCE = WheelSource(
    name="home_assistant_slots",
    distribution="home_assistant_intents",
    version="2026.11.25",
    sha256="1eaf08165e1adfb1ca8a836081a46fd97433ed620ba32cba71972e35575140a5",
    size_mb=0.8,
    licence="Apache-2.0",
    description="Sentence templates of Home Assistant's voice commands in some 60 languages, with slots",
)
_FILES = "home_assistant_intents/data/*.json"
_SPLITS = ("train", "val", "test")


@dataclass
class HomeAssistantSlots(TaggedText):
    """Which words of "set kitchen lamp to 40 %" are the room, the device and the brightness, in BIO.

    Sentences are drawn from real templates, and a template's sentences stand in one split. What a home names itself
    (rooms, devices, messages) comes from a list of this data set, of which a third is never in training, whatever the
    command: some sentences are odd ("pause the back door"). Templates of other languages than English with such slots
    are left out and counted.

    Fields:
        language: code of the templates' language.
        per_intent: about how many sentences are drawn for each intent, so that frequent ones do not outweigh others.
    """

    name: ClassVar[str] = "home_assistant_slots"

    language: str = "en"
    per_intent: int = option(400, at_least=1)

    def __post_init__(self) -> None:
        if self.per_intent < 1:
            raise ValueError(f"per_intent is {self.per_intent}; it must be at least 1")

    @property
    def label(self) -> str:
        """With the language: "home_assistant_slots.en"."""
        return f"{self.name}.{self.language}"

    @property
    def marks_spans(self) -> bool:
        """Tags are BIO."""
        return True

    def sources(self) -> tuple[Source, ...]:
        """The wheel, and the values of open slots."""
        recipe = {"values": OPEN_VALUES.copy(), "version": self.version}
        return SOURCE, GeneratedSource("home_assistant_slots_values", recipe, "Names for rooms, devices and the like")

    def read(self) -> RawData:
        """Sentences of whole templates, by a hash of the template.

        Raises:
            UnknownNameError: the wheel lacks the language.
            DataError: the wheel is out of reach, or too few templates are left.
        """
        content = read_language(self.language)
        templates, open_ones = _templates(content, self.language)
        if len(templates) < 30:
            raise DataError(
                f"Only {len(templates)} templates of '{self.language}' have slots that the wheel itself fills, too few "
                "to train on. Choose another task.language; English has all."
            )
        parts = by_group([text for _, text in templates], named="template")
        found: dict[str, list[Sentence]] = {}
        for name in _SPLITS:
            chosen = [templates[i] for i in getattr(parts, name).tolist()]
            found[name] = _drawn(chosen, content, self.per_intent, name)
        notes: dict[str, str | int | float] = {
            "split": parts.rule,
            "sentences": "drawn from real templates; names of rooms, devices and the like are made up",
            "templates": len(templates),
        }
        if open_ones:
            notes["templates left out, with slots that no list fills"] = open_ones
        return raw_data(found, notes)

    def tiny(self) -> ToySlots:
        """Toy commands."""
        return ToySlots()


def read_language(language: str, source: WheelSource = SOURCE) -> dict[str, Any]:
    """The wheel's file of a language: its intents, lists and rules.

    Raises:
        UnknownNameError: there is none.
        DataError: the wheel is out of reach, or the file is no JSON.
    """
    members = {PurePosixPath(name).stem: name for name in source.members(_FILES)}
    if language not in members:
        raise UnknownNameError(
            "language", language, sorted(members), f"the wheel {source.distribution} {source.version}"
        )
    try:
        content: dict[str, Any] = json.loads(source.read_member(members[language]))
    except ValueError as error:
        raise DataError(f"'{members[language]}' is no valid JSON: {error}.") from error
    return content


def _templates(content: Mapping[str, Any], language: str) -> tuple[list[tuple[str, str]], int]:
    """(intent, template), each template once, and how many were left out for slots that nothing fills."""
    filled = content.get("lists", {}).keys() - {
        name for name, one in content.get("lists", {}).items() if not one.get("values") and not one.get("range")
    }
    filled |= OPEN_VALUES.keys() if language == "en" else set()
    found: dict[str, str] = {}
    left_out = 0
    for intent, one in content["intents"].items():
        for block in one["data"]:
            for template in block["sentences"]:
                if lists_of(parse(template), content.get("expansion_rules", {})) <= filled:
                    found.setdefault(template, intent)
                else:
                    left_out += 1
    return [(intent, template) for template, intent in found.items()], left_out


def _drawn(
    templates: Sequence[tuple[str, str]], content: Mapping[str, Any], per_intent: int, split: str
) -> list[Sentence]:
    """Distinct sentences of templates, about `per_intent` for an intent in training, an eighth in other splits."""
    wanted = per_intent if split == "train" else -(-per_intent // 8)
    counts: dict[str, int] = {}
    for intent, _ in templates:
        counts[intent] = counts.get(intent, 0) + 1
    rules, sentences = content.get("expansion_rules", {}), dict[str, Sentence]()
    values = _Values(content.get("lists", {}), training=split == "train")
    for intent, template in templates:
        generator = random.Random(hashlib.sha256(f"{intent}\n{template}".encode()).digest())
        tree: Node = parse(template)
        for _ in range(-(-wanted // counts[intent])):
            sentence = tagged(draw(tree, rules, values.fill, generator))
            if sentence.words:
                sentences.setdefault(sentence.text, sentence)
    return list(sentences.values())


class _Values:
    """Values of slots: the file's own, numbers of a range, or made-up ones, of which training sees two thirds."""

    def __init__(self, lists: Mapping[str, Any], *, training: bool) -> None:
        self._lists = lists
        self._open = {
            name: [value for rank, value in enumerate(sorted(values, key=_digest)) if not training or rank % 3]
            for name, values in OPEN_VALUES.items()
        }

    def fill(self, name: str, generator: random.Random) -> str:
        """A value of a list, as a template."""
        given = self._lists.get(name, {})
        if given.get("values"):
            value = generator.choice(given["values"])
            return str(value["in"] if isinstance(value, dict) else value)
        if given.get("range"):
            limits = given["range"]
            return str(generator.randrange(int(limits["from"]), int(limits["to"]) + 1, int(limits.get("step", 1))))
        return generator.choice(self._open[name])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [HomeAssistantSlots]
