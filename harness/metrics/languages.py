"""Which of sacreBLEU's tokenisers fits a language, whatever its code is spelt like.

    Chinese characters                     "zh"     each Chinese character is a token
    other scripts without blanks           "char"   each character is a token (Japanese, Thai, Lao, Khmer, Burmese, …)
    all others, Korean too                 "13a"    tokens between blanks, the default of sacreBLEU

None of them downloads anything. Codes are parsed by langcodes (BCP 47, ISO 639-1, -2 and -3, CLDR's likely scripts).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langcodes import Language

TOKENIZERS = ("13a", "intl", "zh", "char", "none")
"""The tokenisers of sacreBLEU that need neither a download nor another package."""

_CHINESE = frozenset({"Hans", "Hant", "Hani", "Hanb", "Bopo"})
# Scripts in which lines are broken without blanks: classes ID, CJ, SA and AK of Unicode Standard Annex 14; and Tibetan.
_WITHOUT_BLANKS = frozenset(
    ("Jpan", "Hira", "Kana", "Hrkt", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Yiii", "Java", "Bali", "Lana", "Talu")
)
# Their letters in texts, and the Chinese ones.
_LETTER_WITHOUT_BLANKS = re.compile(
    "[\u0e01-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\u3041-\u30ff\u3105-\u312f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua980-\ua9df\uaa60-\uaadf\uf900-\ufaff\U00011700-\U0001174f"
    "\U00020000-\U0003ffff]"
)
_NO_SINGLE_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})


@dataclass(frozen=True)
class Tokenization:
    """How BLEU's tokens are found for a language.

    Attributes:
        name: of the tokeniser, as in sacreBLEU's signature.
        why: in words, with the language; for notes.
        known: whether the code names a language whose script is known.
    """

    name: str
    why: str
    known: bool = True


def bleu_tokenization(code: str) -> Tokenization:
    """The tokeniser that fits a language.

    Args:
        code: of the language, in any usual spelling: "zh", "zh_CN", "cmn-Hans", "jpn", "ja_JP.UTF-8", "tok.zh". What is
            no language but a country ("jp") stands for the country's language.
    """
    language, script = _language_and_script(code)
    if not script:
        return Tokenization("13a", f"'{code}' is no language whose script is known", known=False)
    what = f"'{code}' is {language}, script {script}"
    if script in _CHINESE:
        return Tokenization("zh", what)
    return Tokenization("char" if script in _WITHOUT_BLANKS else "13a", what)


def without_blanks(text: str) -> bool:
    """Whether most letters of a text belong to scripts that set no blanks between words."""
    letters = sum(character.isalpha() for character in text)
    return len(_LETTER_WITHOUT_BLANKS.findall(text)) > letters / 2


def _language_and_script(code: str) -> tuple[str, str]:
    """The language in its standard code and its script (ISO 15924); empty if the code says neither."""
    locale, _, _ = code.partition("@")
    found = [pair for part in locale.split(".") if not _is_codeset(part) and (pair := _parsed(part.strip()))[1]]
    # "tok.zh", "zh.bpe": what processed the text stands beside the language, which has the shorter code.
    short = [pair for pair in found if len(pair[0].split("-")[0]) == 2]
    return [("", ""), *found, *short][-1]


def _parsed(tag: str) -> tuple[str, str]:
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    subtags = re.split("[-_]", tag)
    for count in range(len(subtags), 0, -1):  # "zh-simplified": what is no subtag says nothing
        try:
            language = Language.get("-".join(subtags[:count]))
        except LanguageTagError:
            continue
        if language.script and Language.make(script=language.script).is_valid():
            return language.to_tag(), language.script
        language = language.update_dict({"script": None})  # "zh-char", "zho_trad": four letters, but no script
        if language.language and not Language.make(language=language.language).is_valid():
            language = _of_country(language.language) if count == 1 else Language.make()
        return language.to_tag(), _likely_script(language)
    return "", ""


def _of_country(code: str) -> Language:
    """The likely language of a country; an undetermined one if there is no such country."""
    from langcodes import Language
    from langcodes.data_dicts import LIKELY_SUBTAGS

    known = LIKELY_SUBTAGS.get(f"und-{code.upper()}") if len(code) == 2 else None
    return Language.make(language=Language.get(known).language) if known else Language.make()


def _likely_script(language: Language) -> str:
    """The script in which a language, or the group of languages that it belongs to, is usually written."""
    from langcodes.data_dicts import LIKELY_SUBTAGS, MACROLANGUAGES

    for name in (language.language, MACROLANGUAGES.get(language.language or "")):
        if name in LIKELY_SUBTAGS and name not in _NO_SINGLE_LANGUAGE:
            return language.update_dict({"language": name}).maximize().script or ""
    return ""


def _is_codeset(name: str) -> bool:
    """Whether a part of a locale's name is an encoding, as in "ja_JP.UTF-8"."""
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return True
