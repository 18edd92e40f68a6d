"""A clip is what a player shows: stream, times, orientation and colours; and files that are cut off or damaged."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from films import RATE, Track, film, grey, levels, noisy, write
from harness_tasks.video.video_files import UnreadableVideoError, decode


class TestTimes:
    """Brightness tells the frame: 10, 20, 30, ..."""

    @pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
    def test_a_variable_rate_is_sampled_in_time(self, tmp_path: Path, name: str) -> None:
        stamps = [*range(10), *range(20, 120, 20)]  # half a second at 20 frames/s, then one a second
        path = film(tmp_path / name, (grey(10 + 10 * n) for n in range(15)), stamps, "libx264", crf="4")
        # 0 to 5.05 s in steps of 0.84 s; second k is picture 10 + k
        assert levels(path, 7) == [10, 100, 110, 120, 130, 140, 150]

    def test_pictures_that_are_shown_again_without_data_are_no_missing_ones(self, tmp_path: Path) -> None:
        stamps = [*range(5), *range(35, 40)]  # the muxer fills the gap with chunks of 0 bytes
        path = film(tmp_path / "null.avi", (grey(10 + 10 * n) for n in range(10)), stamps)
        assert levels(path, 4) == [10, 50, 50, 100]

    def test_a_picture_that_is_shown_again_at_the_end(self, tmp_path: Path) -> None:
        content = film(tmp_path / "null.avi", (grey(10 + 10 * n) for n in range(10))).read_bytes()
        movie, index = content.index(b"movi") - 8, content.index(b"idx1")
        frames, entries = (
            content[movie + 8 : index] + 10 * (b"00dc" + bytes(4)),
            content[index + 8 :] + 10 * (b"00dc" + bytes(12)),
        )
        path = tmp_path / "null.avi"
        path.write_bytes(riff(content[12:movie] + chunk(b"LIST", frames) + chunk(b"idx1", entries)))
        assert levels(path, 5) == [10, 60, 100, 100, 100]

    def test_frames_that_only_a_header_counts_do_not_matter(self, tmp_path: Path) -> None:
        content = film(tmp_path / "few.avi", (grey(10 + 10 * n) for n in range(10))).read_bytes()
        header, stream = content.index(b"avih") + 24, content.index(b"strh") + 40
        more = (80).to_bytes(4, "little")
        content = content[:header] + more + content[header + 4 : stream] + more + content[stream + 4 :]
        (tmp_path / "few.avi").write_bytes(content)
        assert levels(tmp_path / "few.avi", 5) == [10, 30, 50, 80, 100]

    @pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.ts", "b.avi"])
    def test_reordered_frames_are_taken_as_they_are_shown(self, tmp_path: Path, name: str) -> None:
        pictures = [grey(10 + 10 * n) for n in range(20)]
        path = film(tmp_path / name, pictures, codec="libx264", bf="3", crf="2", g="20", b_adapt="0")
        assert levels(path, 20) == [10 + 10 * n for n in range(20)]

    def test_a_film_that_starts_late_starts_with_its_first_frame(self, tmp_path: Path) -> None:
        path = film(tmp_path / "late.mkv", (grey(10 + 10 * n) for n in range(10)), range(100, 110))
        assert levels(path, 10) == [10 + 10 * n for n in range(10)]

    def test_what_an_edit_list_hides_is_not_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "edited.mp4"
        film(path, (grey(10 + 10 * n) for n in range(20)), range(-10, 10), "libx264", crf="2", bf="0")
        assert levels(path, 10) == [110 + 10 * n for n in range(10)]

    def test_transport_streams_one_after_the_other(self, tmp_path: Path) -> None:
        small = film(tmp_path / "a.ts", (grey(100 + 10 * n) for n in range(10)), codec="libx264", crf="2")
        large = [np.full((64, 64, 3), 10 + 10 * n, np.uint8) for n in range(10)]
        film(tmp_path / "b.ts", large, codec="libx264", crf="2")
        joined = tmp_path / "joined.ts"
        joined.write_bytes(small.read_bytes() + (tmp_path / "b.ts").read_bytes())
        assert levels(joined, 20) == [*range(100, 200, 10), *range(10, 110, 10)]


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def riff(content: bytes) -> bytes:
    return chunk(b"RIFF", b"AVI " + content)


def cropped(content: bytes, left: int) -> bytes:
    """A file of 32 x 32 pixels with some columns cropped by its container."""
    if content[4:8] != b"ftyp":
        unit = content.index(b"\x54\xb2\x81\x04")  # DisplayUnit gives its place to PixelCropLeft
        content = content[:unit] + b"\x54\xcc\x81" + bytes([left]) + content[unit + 4 :]
        tracks = content.rindex(b"\x16\x54\xae\x6b") + 4
        check, length = tracks + 2, int.from_bytes(content[tracks : tracks + 2]) - 0x4000
        checksum = zlib.crc32(content[check + 6 : check + length])
        return content[: check + 2] + checksum.to_bytes(4, "little") + content[check + 6 :]
    numbers = (32 - left, 1, 32, 1, left, 2, 0, 1)
    box = b"".join(number.to_bytes(4) for number in (40, int.from_bytes(b"clap"), *numbers))
    end, edited = 0, bytearray(content)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        start = content.index(kind, end) - 4
        end = start + 8
        edited[start : start + 4] = (int.from_bytes(content[start : start + 4]) + len(box)).to_bytes(4)
    at = start + int.from_bytes(content[start : start + 4])
    return bytes(edited[:at]) + box + bytes(edited[at:])


FILM = [grey(10 + 10 * n) for n in range(6)]
OTHER = [np.full((48, 48, 3), 200, np.uint8)]


class TestStreams:
    @pytest.mark.parametrize("name", ["c.mp4", "c.mkv"])
    def test_a_still_picture_beside_the_film_is_passed_over(self, tmp_path: Path, name: str) -> None:
        path = write(tmp_path / name, Track(OTHER, codec="mjpeg", pix_fmt="yuvj420p"), Track(FILM))
        assert levels(path, 2) == [10, 60]

    def test_a_cover_is_passed_over_even_if_the_film_is_one_picture(self, tmp_path: Path) -> None:
        cover = Track(OTHER, codec="mjpeg", pix_fmt="yuvj420p", disposition=Disposition.attached_pic)
        with av.open(str(write(tmp_path / "c.mp4", cover, Track(FILM[:1])))) as container:
            assert Disposition.attached_pic in container.streams.video[1].disposition
        assert levels(tmp_path / "c.mp4", 2) == [10, 10]

    def test_the_default_stream_is_chosen_then_the_largest(self, tmp_path: Path) -> None:
        chosen = []
        for marks in ((0, 1), (0, 0), (1, 0)):
            first, second = (Disposition(mark) for mark in marks)
            path = write(tmp_path / "c.mkv", Track(FILM, disposition=first), Track(OTHER * 6, disposition=second))
            chosen.append(levels(path, 2))
        assert chosen == [[200, 200], [200, 200], [10, 60]]


class TestPictures:
    @pytest.mark.parametrize(
        ("rotate", "corners"),
        [
            ((0,), "abcd"),
            ((90,), "bdac"),
            ((180,), "dcba"),
            ((270,), "cadb"),
            ((0, True), "badc"),
            ((0, False, True), "cdab"),
        ],
    )
    def test_turned_and_mirrored_pictures_are_put_upright(
        self, tmp_path: Path, rotate: tuple[Any, ...], corners: str
    ) -> None:
        picture = np.repeat(np.repeat(np.array([[20, 80], [140, 200]], np.uint8), 16, 0), 16, 1)[..., None].repeat(3, 2)
        write(tmp_path / "r.mp4", Track([picture] * 2, rotate=rotate))
        clip = decode(tmp_path / "r.mp4", 1, (16, 16))[0, ..., 0]
        found = [clip[y, x] for y, x in ((4, 4), (4, 12), (12, 4), (12, 12))]
        np.testing.assert_allclose(
            found, [dict(zip("abcd", (20, 80, 140, 200), strict=True))[c] for c in corners], atol=5
        )

    @pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p"])
    def test_limited_and_full_range_are_the_same_picture(self, tmp_path: Path, pix_fmt: str) -> None:
        for level in (0, 128, 255):
            codec = "mjpeg" if "j" in pix_fmt else "mpeg4"
            write(tmp_path / "v.mkv", Track([grey(level)] * 2, codec=codec, pix_fmt=pix_fmt))
            np.testing.assert_allclose(decode(tmp_path / "v.mkv", 1, (8, 8)), level, atol=3)

    @pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
    def test_what_the_container_crops_is_not_shown(self, tmp_path: Path, name: str) -> None:
        picture = grey(200)
        picture[:, :16] = 20
        path = write(tmp_path / name, Track([picture] * 2))
        assert levels(path, 1) == [110]
        path.write_bytes(cropped(path.read_bytes(), left=16))
        np.testing.assert_allclose(decode(path, 1, (8, 8)), 200, atol=8)

    def test_colours_of_a_matrix_that_the_scaler_does_not_know(self, tmp_path: Path) -> None:
        film(tmp_path / "v.mkv", [grey(100)] * 2, codec="libx264", colorspace="ycgco")
        with av.open(str(tmp_path / "v.mkv")) as container:
            assert next(container.decode(video=0)).colorspace == 8
        np.testing.assert_allclose(decode(tmp_path / "v.mkv", 1, (8, 8)), 100, atol=3)

    def test_transparent_parts_are_black(self, tmp_path: Path) -> None:
        picture = np.full((32, 32, 4), 200, np.uint8)
        picture[:, :16, 3], picture[:, 16:, 3] = 0, 255
        write(tmp_path / "v.mov", Track([picture] * 2, codec="qtrle", pix_fmt="argb"))
        clip = decode(tmp_path / "v.mov", 1, (8, 8))[0, 4, :, 0]
        np.testing.assert_allclose(clip[[0, 7]], [0, 200], atol=2)


CONTAINERS = {
    "whole.mp4": "mpeg4", "whole.mov": "mjpeg", "whole.mkv": "libx264", "whole.webm": "libvpx", "whole.avi": "mpeg4",
    "whole.ts": "libx264", "whole.mpg": "mpeg2video", "whole.ogv": "libvpx", "whole.flv": "flv1", "whole.wmv": "wmv2",
    "whole.gif": "gif", "fragments.mp4": "libx264",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    contents = {}
    for name, codec in CONTAINERS.items():
        own = {"movflags": "frag_keyframe+empty_moov"} if name.startswith("fragments") else {}
        pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        path = write(folder / name, Track(noisy(24), codec=codec, pix_fmt=pix_fmt, options={"g": "8"}), **own)
        contents[name] = path.read_bytes()
    return contents


@pytest.mark.parametrize("name", CONTAINERS)
class TestEnds:
    def test_whole_files_are_read(self, tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
        (tmp_path / name).write_bytes(whole[name])
        assert decode(tmp_path / name, 4, (8, 8)).shape == (4, 8, 8, 3)

    def test_a_file_that_is_cut_off_is_refused(self, tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
        path, content = tmp_path / name, whole[name]
        for share in (0.02, 0.3, 0.5, 0.77, 0.9, 0.99):
            path.write_bytes(content[: int(len(content) * share)])
            with pytest.raises(UnreadableVideoError, match=name):
                pytest.fail(f"{share} of {name} was read: {decode(path, 4, (8, 8)).shape}")

    def test_a_hole_in_the_middle_is_refused(self, tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
        path, content = tmp_path / name, bytearray(whole[name])
        content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
        path.write_bytes(content)
        with pytest.raises(UnreadableVideoError, match=name):
            pytest.fail(f"{name} was read: {decode(path, 4, (8, 8)).shape}")


def test_a_checksum_that_does_not_fit_is_damage(tmp_path: Path, whole: dict[str, bytes]) -> None:
    for name in ("whole.mkv", "whole.ogv"):
        content = bytearray(whole[name])
        content[len(content) // 2] ^= 1
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableVideoError, match=rf"{name} is damaged: its content has another checksum"):
            decode(tmp_path / name, 4, (8, 8))


def test_a_cut_between_two_packets_is_noticed_too(tmp_path: Path, whole: dict[str, bytes]) -> None:
    tags, content = [13], whole["whole.flv"]
    while tags[-1] < len(content):
        tags.append(tags[-1] + 15 + int.from_bytes(content[tags[-1] + 1 : tags[-1] + 4]))
    (tmp_path / "cut.flv").write_bytes(content[: tags[len(tags) // 2]])
    with pytest.raises(UnreadableVideoError, match=r"cut\.flv is cut off"):
        decode(tmp_path / "cut.flv", 4, (8, 8))
    moved = bytearray(write(tmp_path / "f.mp4", Track(noisy(24)), movflags="faststart").read_bytes())
    media = moved.rindex(b"mdat") - 4
    moved[media : media + 4] = bytes(4)  # to the end of the file, wherever that is
    for length, complaint in ((len(moved), None), (media + (len(moved) - media) // 2, "is cut off or damaged")):
        (tmp_path / "f.mp4").write_bytes(moved[:length])
        with pytest.raises(UnreadableVideoError, match=complaint) if complaint else contextlib.nullcontext():
            decode(tmp_path / "f.mp4", 4, (8, 8))


def test_what_stands_after_the_end_does_not_matter(tmp_path: Path, whole: dict[str, bytes]) -> None:
    for name, extra in itertools.product(
        ("whole.mp4", "whole.avi", "whole.mkv", "whole.gif"), (b"\xff\xfe" * 50, bytes(99))
    ):
        (tmp_path / name).write_bytes(whole[name] + extra)
        assert decode(tmp_path / name, 4, (8, 8)).shape == (4, 8, 8, 3)
    for name in (name for name in whole if name.startswith("whole.")):
        (tmp_path / name).write_bytes(whole[name] + b"\n")
        assert decode(tmp_path / name, 4, (8, 8)).shape == (4, 8, 8, 3)
    (tmp_path / "v.mp4").write_bytes(whole["whole.mp4"] + b"TAG" + b"a" * 125)  # looks like a box of 1.4 GB
    assert decode(tmp_path / "v.mp4", 4, (8, 8)).shape == (4, 8, 8, 3)


@pytest.mark.parametrize("more", [1, 8, 9])
def test_an_avi_may_count_its_own_header_but_no_more(tmp_path: Path, whole: dict[str, bytes], more: int) -> None:
    content = whole["whole.avi"]
    (tmp_path / "v.avi").write_bytes(content[:4] + (len(content) - 8 + more).to_bytes(4, "little") + content[8:])
    with pytest.raises(UnreadableVideoError, match="cut off") if more > 8 else contextlib.nullcontext():
        assert decode(tmp_path / "v.avi", 4, (8, 8)).shape == (4, 8, 8, 3)


def test_a_live_recording_has_no_size_and_its_pictures_have_one(tmp_path: Path) -> None:
    content = write(tmp_path / "v.webm", Track(noisy(24), codec="libvpx"), live="1").read_bytes()
    assert decode(tmp_path / "v.webm", 4, (8, 8)).shape == (4, 8, 8, 3)
    half = len(content) // 2
    for damaged in (content[:half], content[:half] + bytes(half)):
        (tmp_path / "v.webm").write_bytes(damaged)
        with pytest.raises(UnreadableVideoError, match=r"v\.webm is (cut off|damaged)"):
            decode(tmp_path / "v.webm", 4, (8, 8))


def test_a_picture_in_the_form_of_a_film_is_none(tmp_path: Path, whole: dict[str, bytes]) -> None:
    (tmp_path / "v.mp4").write_bytes(whole["whole.mp4"].replace(b"ftypisom", b"ftypavif", 1))
    with pytest.raises(UnreadableVideoError, match=r"v\.mp4 cannot be used as a video: it is a picture"):
        decode(tmp_path / "v.mp4", 4, (8, 8))


def test_frames_that_have_no_times_are_taken_by_their_number(tmp_path: Path) -> None:
    content = film(tmp_path / "v.mp4", [grey(10 * k) for k in range(1, 9)]).read_bytes()
    durations = content.index(b"stts") + 16
    (tmp_path / "v.mp4").write_bytes(content[:durations] + bytes(4) + content[durations + 4 :])
    assert levels(tmp_path / "v.mp4", 4) == [10, 30, 60, 80]


def test_a_broadcast_may_begin_in_the_middle(tmp_path: Path, whole: dict[str, bytes]) -> None:
    content = whole["whole.ts"]
    (tmp_path / "middle.ts").write_bytes(content[len(content) // 5 // 188 * 188 :])
    assert decode(tmp_path / "middle.ts", 4, (8, 8)).shape == (4, 8, 8, 3)


def test_captions_that_are_not_well_formed_are_no_damage(tmp_path: Path) -> None:
    cut_off = bytes.fromhex("00000001 0604 08b5 0031 4741 3934 80")  # a message of 8 bytes in 7
    with av.open(str(tmp_path / "v.ts"), "w") as container, av.open("/dev/null", "w", format="null") as nothing:
        track = Track(noisy(6), codec="libx264", options={"bf": "0"})
        encoder, stream = track.stream(nothing), track.stream(container)
        for packet in itertools.chain.from_iterable(encoder.encode(frame) for frame in (*track.frames(), None)):
            made = av.Packet(cut_off + bytes(packet))
            made.stream, made.pts, made.dts, made.time_base = stream, packet.pts, packet.dts, Fraction(1, RATE)
            container.mux(made)
    assert decode(tmp_path / "v.ts", 2, (8, 8)).shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"ffconcat version 1.0\nfile other.ts\n", "list of other files|cannot be read as a video"),
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nother.ts\n#EXT-X-ENDLIST\n",
            "cannot be (read|used) as a video",
        ),
        (b"<html>Not found</html>", "cannot be read as a video"),
        (bytes(5000), "cannot be read as a video"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "no.mp4").write_bytes(content)
    with pytest.raises(UnreadableVideoError, match=rf"no\.mp4 ({message})|no\.mp4.*({message})"):
        decode(tmp_path / "no.mp4", 4, (8, 8))


def test_names_of_any_bytes(tmp_path: Path, whole: dict[str, bytes]) -> None:
    path = tmp_path / "a:b%03d \udcff\n.mp4"
    path.write_bytes(whole["whole.mp4"])
    assert decode(path, 4, (8, 8)).shape == (4, 8, 8, 3)
    path.write_bytes(whole["whole.mp4"][:300])
    with pytest.raises(UnreadableVideoError, match=r"a:b%03d \\xff\\n\.mp4 is cut off"):
        decode(path, 4, (8, 8))
