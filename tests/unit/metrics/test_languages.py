"""Which tokeniser fits a language, however its code is spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.languages import TOKENIZERS, bleu_tokenization, without_blanks

SPELT = {
    "zh": "zh zh_CN zh-CN zh-Hant-TW ZH zh_tw.Big5 zho chi cmn cmn_Hans_CN zho_Hans yue yue_Hant lzh wuu zh-min-nan "
    "cdo cn tok.zh zh.bpe de-en.zh zh_CN@pinyin zh-simplified zh- zho_trad zh-word zh_char",
    "char": "ja JA jpn jpn_Jpan ja_XX ja-JP ja_JP.UTF-8 ja_JP.eucJP jp JP th tha th_TH lo lao km khm kh my mya bur "
    "my_MM bo bod dz dzo shn ii clean.ja und-Thai ban-Bali ja-test",
    "13a": "en en_US.UTF-8 de deu ger DE fr_CA pt_br ko kor ko_KR vi vie ja-Latn zh-Latn km-latn sr-Latn hi ar he "
    "ru src en-test",
}


@pytest.mark.parametrize(("code", "name"), [(code, name) for name, codes in SPELT.items() for code in codes.split()])
def test_any_spelling_of_a_language_gets_its_tokeniser(code, name):
    found = bleu_tokenization(code)
    assert (found.name, found.known) == (name, True)


@pytest.mark.parametrize(
    "code", ["", "_", "x", "tgt", "hyp", "ref", "und", "mul", "zxx", "XX", "123", "C", "UTF-8", "日本語"]
)
def test_what_is_no_language_is_said_to_be_none(code):
    found = bleu_tokenization(code)
    assert (found.name, found.known) == ("13a", False)
    assert found.why == f"'{code}' is no language whose script is known"


@given(code=st.text() | st.text(alphabet="zhjaentw-_.@1"))
def test_no_code_breaks_it(code):
    assert bleu_tokenization(code).name in TOKENIZERS


@pytest.mark.parametrize("text", ["红色的房子。", "赤い家", "บ้านสีแดง", "ຂ້ອຍຮັກເຈົ້າ", "ខ្ញុំស្រឡាញ់អ្នក", "བོད་སྐད", "မြန်မာ"])
def test_texts_without_blanks_are_told_by_their_letters(text):
    assert without_blanks(text)
    assert not without_blanks("빨간 집, the red house " * 2 + text)
    assert not without_blanks("")
