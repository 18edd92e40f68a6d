"""Values written so that Hydra's grammar, OmegaConf and a POSIX shell leave them as they are."""

from __future__ import annotations

import re
import shlex

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from harness.terminal import harmless

_BEFORE_INTERPOLATION = re.compile(r"(\\*)\$\{")


def quoted(text: str) -> str:
    """A text in Hydra's grammar; what looks like an interpolation is escaped for OmegaConf."""
    return QuotedString(without_interpolations(text), Quote.double).with_quotes()


def as_typed_in_shell(key: str, text: str) -> str:
    """The word that sets an option to a text, quoted for a shell: `'task.root="a (1)"'`.

    What a message cannot show, such as control characters and bytes that are no UTF-8, is written in the form that
    POSIX (2024), bash and zsh have for it: `$'task.root="s\\xe9t"'`.
    """
    word = f"{key}={quoted(text)}"
    if harmless(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(_in_dollar_quotes(character) for character in word)}'"


def _in_dollar_quotes(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if harmless(character) == character:
        return character
    from_bytes = "\udc80" <= character <= "\udcff"  # as Python decodes arguments
    content = character.encode("utf-8", "surrogateescape" if from_bytes else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in content)


def advice(word: str) -> str:
    """ "Write ..." with the word's value as one text; empty if the word cannot be mended by quotes."""
    key, equals, text = word.partition("=")
    if not key.strip() or not equals or "\0" in text:
        return ""
    try:
        OverridesParser.create().parse_overrides([f"{key}={quoted(text)}"])
    except HydraException:  # the name is wrong
        return ""
    return f"Write {as_typed_in_shell(key, text)}"


def without_interpolations(text: str) -> str:
    """`${` as `\\${`, with the backslashes before it doubled, as OmegaConf reads them."""
    return _BEFORE_INTERPOLATION.sub(lambda found: f"{found[1] * 2}\\${{", text)
