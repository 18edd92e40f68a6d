"""IWSLT and WMT in their published layouts, made small, and what is said of other ones."""

import pytest
from harness_datasets.translation.iwslt import Iwslt
from harness_datasets.translation.wmt import Wmt

from harness.errors import DataError

CODES = {"source_language": "de", "target_language": "en"}
TALK = "<url>http://www.ted.com/talks/1</url>\n<title>{0} Titel</title>\n {0} eins & zwei .\n {0} zwei .\n"


def pairs(data, split):
    return [(one.input, one.target) for one in getattr(data, split)]


def segments(code, texts, kind="refset"):
    body = "".join(f'<seg id="{n}"> {text} </seg>\n' for n, text in enumerate(texts, start=1))
    document = f'<doc docid="ted 1" genre="lectures">\n<p>\n{body}</p></doc>'
    return f'<{kind} setid="s" srclang="any" trglang="{code}">\n{document}</{kind}>\n'


@pytest.fixture
def ted(tmp_path):
    for code, word in (("de", "Haus"), ("en", "house")):
        (tmp_path / f"train.tags.de-en.{code}").write_text(TALK.format(word) + TALK.format(word * 2))
        for name in ("dev2010", "tst2010", "tst2011"):
            texts = [f"{word} {name} &amp; more", f"{word} {name} last"]
            (tmp_path / f"IWSLT14.TED.{name}.de-en.{code}.xml").write_text(segments(code, texts))
    return tmp_path


def test_iwslt_in_tags_and_xml_in_either_direction(ted):
    data = Iwslt(root=ted, **CODES, test_sets=["tst2010", "tst2011"]).read()
    assert pairs(data, "train")[0] == ("Haus eins & zwei .", "house eins & zwei .")
    assert len(data.train) == 4
    assert len(data.test) == 4
    assert pairs(data, "val")[0] == ("Haus dev2010 & more", "house dev2010 & more")
    backwards = Iwslt(root=ted, source_language="en", target_language="de").read()
    assert pairs(backwards, "test")[0] == ("house tst2010 & more", "Haus tst2010 & more")


def test_iwslt_in_plain_lines(tmp_path):
    for code, word in (("de", "Haus"), ("en", "house")):
        for name in ("train", "valid", "test"):
            (tmp_path / f"{name}.{code}").write_text(f"{word} {name}\n")
    assert pairs(Iwslt(root=tmp_path, **CODES).read(), "val") == [("Haus valid", "house valid")]


def test_what_is_wrong_with_iwslt_is_said(ted):
    with pytest.raises(
        DataError, match=r"has no set 'tst2017' \(test\) in de and en; it holds .*Expected: train\.tags"
    ):
        Iwslt(root=ted, **CODES, test_sets=["tst2017"]).read()
    path = ted / "IWSLT14.TED.tst2010.de-en.en.xml"
    whole = path.read_text()
    path.write_text(segments("en", ["one"]))
    with pytest.raises(DataError, match=r"de\.xml has segment 2 of document ted.*en\.xml has not"):
        Iwslt(root=ted, **CODES).read()
    path.write_text(whole[: whole.index("last")])
    with pytest.raises(DataError, match="is damaged: 2 segments begin in it, and 1 end"):
        Iwslt(root=ted, **CODES).read()
    path.write_text("<html></html>")
    with pytest.raises(DataError, match="holds no segments"):
        Iwslt(root=ted, **CODES).read()
    path.write_text(whole)
    train = ted / "train.tags.de-en.en"
    train.write_text(train.read_text() + "one more\n")
    with pytest.raises(DataError, match=r"has 4 sentences and train\.tags\.de-en\.en 5"):
        Iwslt(root=ted, **CODES).read()


def test_wmt_in_sgml_with_texts_for_training(tmp_path):
    (tmp_path / "training").mkdir()
    for code, word in (("de", "Haus"), ("en", "house")):
        (tmp_path / "training" / f"europarl-v7.de-en.{code}").write_text(f"{word} a\n{word} 2014 1\n")
        kind = "src" if code == "de" else "ref"
        (tmp_path / f"newstest2014-deen-{kind}.{code}.sgm").write_text(segments(code, [f"{word} 2014 1"], f"{kind}set"))
        (tmp_path / f"newstest2014-fren-{kind}.{code}.sgm").write_text(segments(code, ["wrong"]))
        (tmp_path / f"newstest2013.{code}").write_text(f"{word} 2013\n")
    options = {"train_sets": ["europarl-v7.de-en"], **CODES}
    data = Wmt(root=tmp_path, **options).read()
    assert pairs(data, "test") == [("Haus 2014 1", "house 2014 1")]
    assert pairs(data, "val") == [("Haus 2013", "house 2013")]
    assert pairs(data, "train") == [("Haus a", "house a")]
    assert "stands in validation or test" in next(iter(data.notes))
    assert Wmt(root=tmp_path, **options).unused_files()["files not used"] == 2
    with pytest.raises(DataError, match=r"no set 'train' \(train\).*task\.train_sets"):
        Wmt(root=tmp_path, **CODES).read()
