"""Digits read pixel by pixel: files in the published layout, orders, pooling, splits; one defect of each kind."""

from __future__ import annotations

import gzip
import random
import re
import struct
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from harness_datasets.series_classification._idx_files import read_idx
from harness_datasets.series_classification._pixel_orders import pixel_order
from harness_datasets.series_classification.digits8 import Digits8
from harness_datasets.series_classification.mnist import Mnist
from harness_tasks.series_classification import SeriesClassification

from harness.data.contamination import examine
from harness.errors import DataError

FILES = {
    "images": {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"},
    "labels": {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"},
}


def written(values: list[int], *sizes: int) -> bytes:
    """An idx file, byte by byte."""
    return struct.pack(f">HBB{len(sizes)}I", 0, 8, len(sizes), *sizes) + bytes(values)


def part(count: int, seed: int) -> tuple[list[list[int]], list[int]]:
    """Pictures whose first row of 14 squares shows their digit in ink, on noise of the seed."""
    draw = random.Random(seed)
    pictures, labels = [], []
    for i in range(count):
        pixels = [draw.randrange(100) for _ in range(784)]
        digit = i % 10
        for place in (2 * digit, 2 * digit + 1, 28 + 2 * digit, 29 + 2 * digit):
            pixels[place] = 255
        pictures.append(pixels)
        labels.append(digit)
    return pictures, labels


def store(folder: Path, name: str, count: int, seed: int) -> None:
    pictures, labels = part(count, seed)
    (folder / FILES["images"][name]).write_bytes(written([*chain(*pictures)], count, 28, 28))
    (folder / FILES["labels"][name]).write_bytes(written(labels, count))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """200 pictures for training and 30 for test, as they are published."""
    store(tmp_path, "train", 200, 0)
    store(tmp_path, "test", 30, 1)
    return tmp_path


def message(dataset: Mnist) -> str:
    with pytest.raises(DataError) as caught:
        dataset.read()
    return str(caught.value)


# -- the published layout ------------------------------------------------------------------------------


def test_pictures_are_read_row_by_row_in_the_published_split(copy):
    raw = Mnist(root=copy).read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (180, 20, 30)
    assert raw.labels == tuple("0123456789")
    pictures, labels = part(30, 1)
    for i, one in enumerate(raw.test):
        assert (one.id, one.target) == (f"test-{i:05d}", str(labels[i]))
        np.testing.assert_array_equal(one.input, np.array(pictures[i])[:, None] / 255)
    known = {one.id for one in raw.train} | {one.id for one in raw.val}
    assert known == {f"train-{i:05d}" for i in range(200)}
    assert [sum(one.target == digit for one in raw.val) for digit in raw.labels] == [2] * 10


@pytest.mark.parametrize("names", ["plain", "packed", "both, as torchvision leaves them", "with dots"])
def test_files_are_found_packed_or_not_at_any_depth(copy, tmp_path, names):
    wanted = [one.input.tolist() for one in Mnist(root=copy).read().test]
    folder = copy / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for path in [path for path in copy.iterdir() if path.is_file()]:
        content, name = path.read_bytes(), path.name.replace("-idx", ".idx") if names == "with dots" else path.name
        path.unlink()
        if names != "packed":
            (folder / name).write_bytes(content)
        if names.startswith(("packed", "both")):
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    raw = Mnist(root=copy).read()
    assert [one.input.tolist() for one in raw.test] == wanted
    assert raw.notes.get("files not used") == (4 if names.startswith("both") else None)


def test_one_part_alone_is_divided_and_said_to_be_no_published_split(copy):
    for name in ("images", "labels"):
        (copy / FILES[name]["test"]).unlink()
    alone = Mnist(root=copy, parts="train")
    raw = alone.read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (160, 20, 20)
    assert [sum(one.target == digit for one in raw.test) for digit in raw.labels] == [2] * 10
    assert str(raw.notes["split"]).startswith("not the published one, train part alone")
    assert alone.label == "mnist.train_part"
    assert {reference.dataset for reference in alone.references} == {"mnist", "mnist.permuted"}


def test_what_is_missing_is_named_with_what_the_folder_allows(copy):
    (copy / FILES["images"]["train"]).unlink()
    said = message(Mnist(root=copy))
    assert "train-images-idx3-ubyte is missing in" in said
    assert "task.parts=test divides the test part alone instead" in said
    assert "train-images-idx3-ubyte is missing" in message(Mnist(root=copy, parts="train"))
    assert len(Mnist(root=copy, parts="test").read().test) == 10
    (copy / FILES["labels"]["test"]).unlink()
    said = message(Mnist(root=copy))
    assert "train-images-idx3-ubyte and t10k-labels-idx1-ubyte are missing" in said
    assert "task.parts=" not in said


def test_a_second_set_of_the_same_names_is_no_guess(copy):
    (copy / "FashionMNIST").mkdir()
    store(copy / "FashionMNIST", "test", 30, 2)
    assert "There are two files t10k-images-idx3-ubyte" in message(Mnist(root=copy))


# -- damaged files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins with nothing; expected 00 00 08 03"),
        (written([0] * 8, 8), "no idx file of bytes with 3 axes: it begins with 00 00 08 01"),
        (struct.pack(">HBB", 0, 13, 3) + bytes(40), "begins with 00 00 0d 03"),
        (written([0] * 784, 1, 28, 28)[:9], "is cut off within its header"),
        (written([0] * 700, 1, 28, 28), "is cut off: its header announces 1 × 28 × 28 values, and 700 follow"),
        (written([0] * 785, 1, 28, 28), "goes on after its end: its header announces 1 × 28 × 28 values"),
        (gzip.compress(written([0] * 784, 1, 28, 28))[:-9], "is no complete gzip file"),
        (b"<!DOCTYPE html><html>", "begins with 3c 21 44 4f"),
    ],
    ids=["empty", "labels", "floats", "half a header", "too short", "too long", "half a gzip", "a web page"],
)
def test_a_damaged_file_is_one_sentence(tmp_path, content, said):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        read_idx(tmp_path / "x", 3)
    assert str(tmp_path / "x") in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("images", written([0] * 3 * 64, 3, 8, 8), "holds 3 × 8 × 8 pixels; expected pictures of 28 × 28"),
        ("labels", written([1, 2], 2), "has 30 pictures, and .* 2 labels"),
        ("labels", written([11] * 30, 30), "has the label 11; labels are 0 to 9"),
    ],
)
def test_files_that_do_not_fit_are_refused(copy, name, content, said):
    (copy / FILES[name]["test"]).write_bytes(content)
    assert re.search(said, message(Mnist(root=copy)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order": "spiral"}, "task.order is 'spiral'; it must be one of rows, permuted, bit_reversed"),
        ({"pool": 3}, "task.pool is 3; it must be 1 or 2"),
        ({"parts": "all"}, "task.parts is 'all'; it must be one of published, train, test"),
    ],
)
def test_an_option_that_does_not_exist_is_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Mnist(**options)


# -- orders and pooling --------------------------------------------------------------------------------


def mersenne_twister(seed: int) -> random.Random:
    """Python's own generator, seeded as Matsumoto and Nishimura 1998 seed by one number (numpy's RandomState does)."""
    words = [seed]
    for i in range(1, 624):
        words.append((1812433253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*words, 624), None))
    return generator


def shuffled(count: int, seed: int) -> list[int]:
    """Fisher and Yates from the end, each place drawn by rejection, as numpy's legacy generator does."""
    generator, places = mersenne_twister(seed), list(range(count))
    for last in range(count - 1, 0, -1):
        mask = (1 << last.bit_length()) - 1
        while (chosen := generator.getrandbits(32) & mask) > last:
            pass
        places[last], places[chosen] = places[chosen], places[last]
    return places


@pytest.mark.parametrize(("count", "seed"), [(784, 92916), (196, 92916), (64, 3)])
def test_the_permutation_is_that_of_the_stated_seed(count, seed):
    assert pixel_order("permuted", count, seed).tolist() == shuffled(count, seed)


@pytest.mark.parametrize("count", [1, 2, 64, 196, 784])
def test_bits_are_reversed_as_a_fast_fourier_transform_orders_them(count):
    order = [0]
    while len(order) < count:
        order = [2 * i for i in order] + [2 * i + 1 for i in order]
    assert pixel_order("bit_reversed", count).tolist() == [i for i in order if i < count]


@pytest.mark.parametrize("order", ["permuted", "bit_reversed"])
def test_every_split_is_read_in_the_same_order_and_no_order_moves_a_picture(copy, order):
    rows, other = Mnist(root=copy).read(), Mnist(root=copy, order=order).read()
    places = pixel_order(order, 784)
    assert sorted(places.tolist()) == list(range(784))
    for name in ("train", "val", "test"):
        for one, same in zip(getattr(rows, name), getattr(other, name), strict=True):
            assert (one.id, one.target) == (same.id, same.target)
            np.testing.assert_array_equal(same.input[:, 0], one.input[places, 0])


def test_pooling_averages_squares_of_four_pixels(copy):
    raw = Mnist(root=copy, pool=2).read()
    pictures, labels = part(30, 1)
    for one, pixels, label in zip(raw.test, pictures, labels, strict=True):
        assert one.input.shape == (196, 1)
        assert one.input[label, 0] == 1.0  # four pixels of ink
        corner = [pixels[i] for i in (26 * 28 + 26, 26 * 28 + 27, 27 * 28 + 26, 27 * 28 + 27)]
        assert one.input[195, 0] == pytest.approx(sum(corner) / 4 / 255)


def test_names_in_reports_say_what_makes_it_another_data_set():
    assert Mnist().label == "mnist"
    assert Mnist(order="permuted").label == "mnist.permuted"
    assert Mnist(order="bit_reversed", pool=2, parts="test").label == "mnist.bit_reversed.pooled.test_part"
    of_seeds = {Digits8(order="permuted", permutation_seed=seed).fingerprint() for seed in (1, 2)}
    assert len(of_seeds) == 2


# -- the digits that are installed, and the guard ------------------------------------------------------


def test_the_installed_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    known = load_digits()
    raw = Digits8(order="permuted").read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (1439, 179, 179)
    order = shuffled(64, 92916)
    for one in (*raw.train, *raw.val, *raw.test):
        row = int(one.id.removeprefix("row-"))
        assert one.target == str(known.target[row])
        np.testing.assert_array_equal(one.input[:, 0], known.data[row][order] / 16)


def test_equal_edges_of_pictures_are_no_copies_but_equal_pictures_are(copy):
    task = SeriesClassification(dataset=Digits8())
    data = task.setup()
    assert examine(data).duplicates == ()
    data.whole_inputs = False
    assert len(examine(data).duplicates) > 100  # stretches such as 0 0 0 0 0 0 0 5 are in most of them
    pictures, whole = part(30, 1)[0], part(200, 0)[0]
    whole[7] = pictures[3]  # which lies in training or validation
    (copy / FILES["images"]["train"]).write_bytes(written([*chain(*whole)], 200, 28, 28))
    (one,) = examine(SeriesClassification(dataset=Mnist(root=copy)).setup()).duplicates
    assert (one.id, one.twin, one.what) == ("test-00003", "train-00007", "input")


def test_the_nearest_picture_is_as_good_in_any_order_and_nothing_is_warped():
    found = {}
    for order in ("rows", "permuted"):
        task = SeriesClassification(dataset=Digits8(order=order))
        data, baselines = task.setup(), {one.name: one for one in task.baselines()}
        assert set(baselines) == {"most_frequent", "nearest_statistics", "nearest_picture"}
        found[order] = [answer.output for answer in baselines["nearest_picture"].predict(data, 0)]
    assert found["rows"] == found["permuted"]
    right = [found["rows"][i] == int(data.test[i].target) for i in range(len(data.test))]
    assert np.mean(right) > 0.95
