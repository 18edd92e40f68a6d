"""Sentence templates as Home Assistant writes them, and sentences drawn from them.

    text        as it stands, blanks included
    [a|b]       one of them, or nothing
    (a|b)       one of them
    (a;b)       all of them, in any order, blanks between them
    <rule>      a template that the file names
    {list}      a slot, filled from a list; {list:slot} names the slot otherwise than the list

Source: the format of hassil, Home Assistant's own parser of these files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.errors import DataError
from harness_datasets.tagging._tagged_rows import SlotPiece

Fill = Callable[[str, random.Random], str]
"""A value for a list, as a template."""


@dataclass(frozen=True)
class Node:
    """A part of a template.

    Attributes:
        kind: "text", "sequence", "choice", "permutation", "rule" or "slot".
        text: of a text; the name of a rule or a list.
        slot: what a slot is called.
        parts: of a sequence, a choice or a permutation.
    """

    kind: str
    text: str = ""
    slot: str = ""
    parts: tuple[Node, ...] = ()


@lru_cache(maxsize=4096)
def parse(template: str) -> Node:
    """The template as a tree.

    Raises:
        DataError: brackets do not match.
    """
    node, end = _alternatives(template, 0, "")
    if end != len(template):
        raise DataError(f"The template '{template}' has a '{template[end]}' too many, at character {end + 1}.")
    return node


def lists_of(node: Node, rules: Mapping[str, str]) -> set[str]:
    """Names of the lists that sentences of a template may be filled from."""
    if node.kind == "slot":
        return {node.text}
    parts = (parse(_rule(node.text, rules)),) if node.kind == "rule" else node.parts
    return set().union(*(lists_of(part, rules) for part in parts))


def draw(node: Node, rules: Mapping[str, str], fill: Fill, generator: random.Random) -> list[SlotPiece]:
    """A sentence, in pieces.

    Args:
        node: of the template.
        rules: templates by name.
        fill: gives values.
        generator: of choices.

    Raises:
        DataError: a rule is not there.
    """
    match node.kind:
        case "text":
            return [SlotPiece(node.text)]
        case "slot":
            value = draw(parse(fill(node.text, generator)), rules, fill, generator)
            return [SlotPiece("".join(piece.text for piece in value), node.slot)]
        case "rule":
            return draw(parse(_rule(node.text, rules)), rules, fill, generator)
        case "choice":
            return draw(generator.choice(node.parts), rules, fill, generator)
        case "permutation":
            pieces: list[SlotPiece] = []
            for part in generator.sample(node.parts, len(node.parts)):
                pieces += [SlotPiece(" "), *draw(part, rules, fill, generator), SlotPiece(" ")]
            return pieces
    return [piece for part in node.parts for piece in draw(part, rules, fill, generator)]


def _rule(name: str, rules: Mapping[str, str]) -> str:
    if name not in rules:
        raise DataError(f"The templates name a rule '<{name}>' that their file does not have.")
    return rules[name]


def _alternatives(template: str, at: int, closing: str) -> tuple[Node, int]:
    """What stands up to the closing bracket, which is not read."""
    groups: list[list[Node]] = [[]]
    separator = ""
    while at < len(template) and template[at] not in ")]":
        character = template[at]
        if character in "|;":
            separator = separator or character
            groups.append([])
            at += 1
        elif character in "([":
            inner, at = _alternatives(template, at + 1, ")" if character == "(" else "]")
            nothing = (Node("sequence"),) if character == "[" else ()
            inside = inner.parts if inner.kind == "choice" and nothing else (inner,)
            groups[-1].append(Node("choice", parts=(*inside, *nothing)) if nothing else inner)
            at += 1
        elif character in "<{":
            end = template.find(">" if character == "<" else "}", at)
            if end < 0:
                raise DataError(f"The template '{template}' lacks the end of '{template[at:]}'.")
            name, _, slot = template[at + 1 : end].partition(":")
            groups[-1].append(Node("rule", name) if character == "<" else Node("slot", name, slot or name))
            at = end + 1
        else:
            end = next((i for i in range(at, len(template)) if template[i] in "()[]<{|;"), len(template))
            groups[-1].append(Node("text", template[at:end]))
            at = end
    if closing and (at == len(template) or template[at] != closing):
        raise DataError(f"The template '{template}' lacks a '{closing}'.")
    parts = tuple(Node("sequence", parts=tuple(group)) for group in groups)
    if len(parts) == 1:
        return parts[0], at
    return Node("permutation" if separator == ";" else "choice", parts=parts), at
