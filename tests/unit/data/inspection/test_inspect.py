"""What is said of a user's files and folders."""

import json

import numpy as np
import pytest

from harness.data.inspection import inspect
from harness.errors import DataError

WORDS = ["good", "bad", "long", "short", "film", "plot", "scene", "never", "always", "the", "a", "of"]


def rows(count, label=lambda i: "pos" if i % 2 else "neg"):
    random = np.random.default_rng(0)
    return [(" ".join(random.choice(WORDS, 6)) + f" {i}", label(i)) for i in range(count)]


def hours(count):
    return [str(np.datetime64("2020-01-01T00", "h") + i).replace("T", " ") + ":00" for i in range(count)]


def german(i):
    day = np.datetime64("2020-01-01") + i
    year, month, of_month = str(day).split("-")
    return f"{of_month}.{month}.{year}"


OWN_FILES = {
    # name: (content, the data sets that read it, what is said)
    "semicolons.csv": (
        "text;label\n" + "".join(f"{a};{b}\n" for a, b in rows(40)),
        ["text_classification.csv"],
        ["semicolons", "label, 2 classes; neg 20, pos 20"],
    ),
    "decimal_commas.csv": (
        "zeit;wert\n" + "".join(f"{time};{i},5\n" for i, time in enumerate(hours(40))),
        ["forecasting.csv"],
        ["decimal comma", "0.5 to 39.5", "every 1 hour"],
    ),
    "quoted_newlines.csv": (
        "label,text\n" + "".join(f'{b},"{a},\nand ""more"""\n' for a, b in rows(40)),
        ["text_classification.csv"],
        ["rows: 40", "9 words in the median"],
    ),
    "with_mark.csv": (
        "\ufefftext,label\n" + "".join(f"{a},{b}\n" for a, b in rows(40)),
        ["text_classification.csv"],
        ["column 'text': the text"],
    ),
    "excel.csv": (
        "sep=;\r\ntext;label\r\n" + "".join(f"{a};{b}\r\n" for a, b in rows(40)),
        ["text_classification.csv"],
        ["rows: 40"],
    ),
    "missing.csv": (
        "time,a,b\n" + "".join(f"{time},{'NA' if i % 4 else i},{i * 1.5}\n" for i, time in enumerate(hours(40))),
        ["forecasting.csv"],
        ["30 cells missing"],
    ),
    "dates.csv": (
        "iso,german,british,american,value\n"
        + "".join(
            f"{day},{german(i)},{str(day)[8:]}/{str(day)[5:7]}/{str(day)[:4]},{str(day)[5:7]}/{str(day)[8:]}/{str(day)[:4]},{i}\n"
            for i, day in enumerate(np.datetime64("2020-01-01") + np.arange(40))
        ),
        ["forecasting.csv"],
        ["year first", "d.m.y", "d/m/y", "m/d/y", "2020-01-01 to 2020-02-09, every 1 day"],
    ),
    "one_class.csv": (
        "text,label\n" + "".join(f"{a},pos\n" for a, _ in rows(40)),
        [],
        ["one class only: pos", "two classes or more"],
    ),
    "two_rows.csv": (
        "text,label\nso good a film,pos\nso bad a film,neg\n",
        [],
        ["only 2 rows", "needs 3 different texts"],
    ),
    "gaps.tsv": (
        "time\tvalue\n" + "".join(f"{time}\t{i}\n" for i, time in enumerate(hours(40)) if i not in (7, 8, 20)),
        ["forecasting.csv"],
        ["2 gaps longer than 1 hour, the first after 2020-01-01 06:00:00"],
    ),
}


def said(found):
    return "\n".join([found.kind, *(f"{what}: {value}" for what, value in found.facts), *found.odd, found.hint])


@pytest.mark.parametrize("name", OWN_FILES)
def test_tables(tmp_path, name):
    content, datasets, words = OWN_FILES[name]
    (tmp_path / name).write_text(content, newline="")
    [(path, found)] = inspect(tmp_path / name)
    assert path == tmp_path / name
    assert [command.dataset for command in found.commands] == datasets
    for expected in words:
        assert expected in said(found)


@pytest.mark.exhaustive
def test_a_million_rows(tmp_path):
    (tmp_path / "large.csv").write_text(
        "text,label\n" + "".join(f"the film number {i} is good,{i % 3}\n" for i in range(10**6))
    )
    [(_, found)] = inspect(tmp_path / "large.csv")
    assert dict(found.facts)["rows"] == "1,000,000"


class TestText:
    def test_a_file_of_prose_is_no_table(self, tmp_path):
        (tmp_path / "book.txt").write_text("It was late, and cold.\nNo one spoke, or moved.\n" * 50)
        [(_, found)] = inspect(tmp_path / "book.txt")
        assert found.kind == "running text"
        assert dict(found.facts)["words"] == "500"
        assert [command.dataset for command in found.commands] == ["text_generation.text"]

    def test_parallel_text_with_its_languages(self, tmp_path):
        for split, count in (("train", 5), ("val", 2), ("test", 3)):
            for code in ("de", "en"):
                (tmp_path / f"{split}.{code}").write_text("ein Haus\n" * count)
        [(_, found)] = inspect(tmp_path)
        [command] = found.commands
        assert command.dataset == "translation.parallel"
        assert dict(command.options) == {"task.source_language": "de", "task.target_language": "en"}
        (tmp_path / "val.en").write_text("a house\n")
        [(_, found)] = inspect(tmp_path)
        assert not found.commands
        assert "val.de has 2 lines and val.en 1" in said(found)

    def test_tagged_words(self, tmp_path):
        (tmp_path / "some.conllu").write_text("# text = so\n1\tso\tso\tADV\t_\t_\t0\troot\t_\t_\n\n")
        (tmp_path / "bio.txt").write_text("Anna B-PER\nlives O\nin O\nRome B-LOC\n\nYes O\n\n")
        [(_, found)] = inspect(tmp_path / "some.conllu")
        assert found.commands[0].dataset == "tagging.conllu"
        [(_, found)] = inspect(tmp_path / "bio.txt")
        assert found.commands[0].dataset == "tagging.bio_columns"
        assert "2 sentences, 5 words" in said(found)


class TestStandardSets:
    @pytest.mark.parametrize(
        ("name", "dataset"),
        [
            ("ptb.zip", "text_generation.penn_treebank"),
            ("wikitext-2/wiki.train.tokens", "text_generation.wikitext2"),
            ("enwik8", "text_generation.enwik8"),
            ("train.tags.de-en.de", "translation.iwslt"),
            ("84/121/84-121.trans.txt", "speech_recognition.librispeech"),
            ("lists/trainlist01.txt", "action_recognition.ucf101"),
            ("boxing/person01_boxing_d1_uncomp.avi", "action_recognition.kth"),
            ("waves_yesno/0_0_0_1_0_1_0_1.wav", "speech_recognition.yesno"),
        ],
    )
    def test_they_are_known_by_their_files(self, tmp_path, name, dataset):
        beside = {"speech_recognition.librispeech": "a.flac", "action_recognition.ucf101": "b.avi"}
        for other in (name, beside.get(dataset, name)):
            (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / other).write_bytes(b"x")
        [(_, found)] = inspect(tmp_path)
        assert [command.dataset for command in found.commands] == [dataset]


class TestFolders:
    def test_recordings_in_folders_of_classes_and_with_lists(self, tmp_path):
        import soundfile

        for name in ("yes/a.wav", "yes/b.wav", "yes/c.wav", "no/d.wav"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            soundfile.write(tmp_path / name, np.zeros(800), 8000)
        [(_, found)] = inspect(tmp_path)
        assert [command.dataset for command in found.commands] == ["spoken_commands.folder"]
        assert "fewer than three recordings of no" in said(found)
        assert "0.10 to 0.10 s each" in said(found)
        for split in ("train", "val"):
            (tmp_path / f"{split}.tsv").write_text("yes/a.wav\tyes\n")
        [(_, found)] = inspect(tmp_path)
        assert "test.tsv is missing" in said(found)
        (tmp_path / "test.tsv").write_text("no/d.wav\tno\n")
        [(_, found)] = inspect(tmp_path)
        assert [command.dataset for command in found.commands] == ["speech_recognition.folder"]

    def test_films_need_folders(self, tmp_path):
        (tmp_path / "a.mp4").write_bytes(b"x")
        assert not inspect(tmp_path)[0][1].commands
        for name in ("run", "walk"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.mp4").write_bytes(b"x")
        [(_, found)] = inspect(tmp_path)
        assert found.commands[0].dataset == "action_recognition.folder"

    def test_series_and_music(self, tmp_path):
        (tmp_path / "x_TRAIN.ts").write_text("@problemName x\n@data\n1,2,3:4,5,6:a\n1,2:3,4:b\n")
        [(_, found)] = inspect(tmp_path / "x_TRAIN.ts")
        assert "2 series of 2 dimensions, 2 to 3 steps, 2 classes" in said(found)
        (tmp_path / "jsb.json").write_text(json.dumps({"train": [[[60, 64], [62]]], "test": [[[60]]]}))
        [(_, found)] = inspect(tmp_path / "jsb.json")
        assert found.kind == "music (chords in JSON)"

    def test_tables_in_a_folder_each_have_their_own(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / f"{name}.csv").write_text("x,y\n1,2\n")
        assert [path.name for path, _ in inspect(tmp_path)] == ["a.csv", "b.csv"]

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("a.bin", b"\x00\x01\x02", "NUL"),
            ("a.zip", b"PK\x03\x04", "Unpack it"),
            ("a.csv", b"", "empty"),
            ("a.txt", b"caf\xe9 au lait\n", "iconv"),
        ],
    )
    def test_what_is_not_known_is_refused(self, tmp_path, name, content, words):
        with pytest.raises(DataError, match="does not exist"):
            inspect(tmp_path / name)
        with pytest.raises(DataError, match="holds no files"):
            inspect(tmp_path)
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=words):
            inspect(tmp_path / name)


SAVED = {
    "text_classification.huggingface": {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    },
    "tagging.huggingface": {
        "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
        "tags": {"feature": {"names": ["O", "B-X"], "_type": "ClassLabel"}, "_type": "List"},
    },
    "translation.huggingface": {"translation": {"languages": ["de", "en"], "_type": "Translation"}},
    "text_generation.huggingface": {"text": {"dtype": "string", "_type": "Value"}},
}


@pytest.mark.parametrize("dataset", SAVED)
def test_a_folder_of_save_to_disk_is_known_by_its_columns(dataset, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train"]}))
    (tmp_path / "train" / "dataset_info.json").write_text(json.dumps({"features": SAVED[dataset]}))
    ((_, found),) = inspect(tmp_path)
    assert [command.dataset for command in found.commands] == [dataset]
    assert found.facts[0] == ("splits", "train")
    (tmp_path / "train" / "dataset_info.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        inspect(tmp_path)
