"""UCF101, HMDB51 and KTH in their published layouts, made small, and what is said of other ones."""

import pytest
from films import film, grey
from harness_datasets.action_recognition.hmdb51 import Hmdb51
from harness_datasets.action_recognition.kth import Kth
from harness_datasets.action_recognition.ucf101 import Ucf101

from harness.errors import DataError, UnknownNameError

SMALL = {"frames": 2, "size": 8}


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))


def ids(data):
    return {
        split: sorted(one.id.rpartition("/")[2] for one in getattr(data, split)) for split in ("train", "val", "test")
    }


@pytest.fixture
def ucf(tmp_path):
    root, lists = tmp_path / "ucf", tmp_path / "ucf" / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    train, test = [], []
    for number, action in enumerate(("Archery", "TaiChi"), start=1):
        (root / "UCF-101" / action).mkdir(parents=True)
        for group in range(1, 5):
            for clip in (1, 2):
                name = f"{action}/v_{action}_g{group:02}_c{clip:02}.avi"
                film(root / "UCF-101" / name, [grey(10 * group), grey(20 * clip)])
                (test if group == 1 else train).append(name if group == 1 else f"{name} {number}")
    (lists / "trainlist01.txt").write_text("\r\n".join(train))
    (lists / "testlist01.txt").write_text("\n".join(test) + "\n")
    return root


def test_ucf101_by_its_list_with_whole_films_for_validation(ucf):
    data = Ucf101(root=ucf, **SMALL).read()
    found = ids(data)
    assert data.labels == ("Archery", "TaiChi")
    assert found["test"] == [f"v_{a}_g01_c0{c}.avi" for a in data.labels for c in (1, 2)]
    groups = {split: {name.rpartition("_c")[0] for name in names} for split, names in found.items()}
    assert len(groups["val"]) == 2
    assert len(groups["train"]) == 4
    assert not groups["train"] & groups["val"]
    assert data.train[0].input.shape == (2, 3, 8, 8)
    with pytest.raises(UnknownNameError, match="class named 'Archary'"):
        Ucf101(root=ucf, classes=["Archary", "TaiChi"], **SMALL).read()


def test_what_is_missing_from_ucf101_is_said(ucf):
    with pytest.raises(DataError, match=r"trainlist02.txt is missing in .*Expected: UCF-101/CLASS"):
        Ucf101(root=ucf, fold=2, **SMALL).read()
    (ucf / "UCF-101" / "TaiChi" / "v_TaiChi_g03_c02.avi").unlink()
    with pytest.raises(DataError, match=r"1 of 12|1 of 16 listed clips are not in .* v_TaiChi_g03_c02.avi"):
        Ucf101(root=ucf, **SMALL).read()
    path = ucf / "ucfTrainTestlist" / "testlist01.txt"
    path.write_text(path.read_text() + "TaiChi 2\n")
    with pytest.raises(DataError, match=r"testlist01.txt, line 5: 'TaiChi 2' is not of the form"):
        Ucf101(root=ucf, **SMALL).read()


def test_hmdb51_uses_clips_that_its_lists_mark(tmp_path):
    root = tmp_path / "hmdb"
    (root / "splits").mkdir(parents=True)
    for action in ("brush_hair", "wave"):
        lines = []
        for number, mark in enumerate((1, 1, 1, 2, 0)):
            name = f"Film_{number}_{action}_u_nm_np1_ba_goo_0.avi"
            (root / action).mkdir(exist_ok=True)
            film(root / action / name, [grey(40 * number), grey(90)])
            lines.append(f"{name} {mark} ")
        (root / "splits" / f"{action}_test_split1.txt").write_text("\n".join(lines) + "\n")
    data = Hmdb51(root=root, **SMALL).read()
    assert [len(part) for part in (data.train, data.val, data.test)] == [4, 2, 2]
    assert data.notes["files not used"] == 2
    path = root / "splits" / "wave_test_split1.txt"
    path.write_text(path.read_text() + "other.avi 3\n")
    with pytest.raises(DataError, match=r"wave_test_split1.txt, line 6: 'other.avi 3' is not"):
        Hmdb51(root=root, **SMALL).read()
    with pytest.raises(DataError, match=r"There is no CLASS_test_split3.txt"):
        Hmdb51(root=root, fold=3, **SMALL).read()


def test_kth_by_person(tmp_path):
    for person in (11, 19, 22):
        for action in ("boxing", "walking"):
            (tmp_path / action).mkdir(exist_ok=True)
            film(tmp_path / action / f"person{person}_{action}_d1_uncomp.avi", [grey(person), grey(90)])
    found = ids(Kth(root=tmp_path, **SMALL).read())
    assert found["train"] == ["person11_boxing_d1_uncomp.avi", "person11_walking_d1_uncomp.avi"]
    assert found["val"][0].startswith("person19")
    (tmp_path / "walking" / "person19_walking_d1_uncomp.avi").unlink()
    with pytest.raises(DataError, match="has no val clip of 'walking'"):
        Kth(root=tmp_path, **SMALL).read()
    (tmp_path / "walking" / "me.avi").write_bytes(b"")
    with pytest.raises(DataError, match=r"me.avi is not named as a film of KTH"):
        Kth(root=tmp_path, **SMALL).read()
