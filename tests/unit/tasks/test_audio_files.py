"""Reading recordings: what header and bytes agree on, unknown lengths, damage, and what is no sound."""

import hashlib
import io
import struct

import numpy as np
import pytest
import soundfile
from harness_tasks.sound._coded_sound import crc16
from harness_tasks.sound.audio_features import Features, FeatureSettings, frames_of, frames_of_file
from harness_tasks.sound.audio_files import RecordingError, mono, read_audio, read_recording

RATE = 16_000
WAVE = (0.1 * np.random.default_rng(0).normal(size=4_000)).astype(np.float32)
STEREO = np.stack([WAVE, 0.5 * WAVE[::-1]], axis=1)


def encoded(wave=WAVE, kind="WAV", subtype=None, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format=kind, subtype=subtype)
    return file.getvalue()


def patched(content, position, value):
    return content[:position] + value + content[position + len(value) :]


def sized(content, size):
    """A WAV whose data chunk says another size."""
    return patched(content, content.index(b"data") + 4, struct.pack("<I", size))


def wav(data=WAVE, *, tag=1, channels=1, rate=RATE, bits=16, byte_rate=None, block=None, before=b"", behind=b""):
    """A WAV written by hand."""
    sound = (data * 32767).astype("<i2").tobytes() if isinstance(data, np.ndarray) else data
    block = channels * bits // 8 if block is None else block
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block if byte_rate is None else byte_rate, block, bits)
    chunks = (
        b"WAVEfmt " + struct.pack("<I", 16) + form + before + b"data" + struct.pack("<I", len(sound)) + sound + behind
    )
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.fixture
def read(tmp_path):
    def reading(content, rate=RATE):
        (tmp_path / "a.wav").write_bytes(content)
        return read_audio(tmp_path / "a.wav", rate)

    return reading


@pytest.fixture
def refusal(read):
    def refused(content):
        with pytest.raises(RecordingError) as caught:
            read(content)
        assert "a.wav " in str(caught.value)
        return f"{caught.value.reason}: {caught.value}"

    return refused


def without_tag(mp3):
    """The frames of an MP3 without the first one, which counts them."""
    return mp3[mp3.index(mp3[:2], 4) :]


def named(value: object) -> str:
    """The message, or a word for content: libsndfile writes the time into some files, and names must not change."""
    return value if isinstance(value, str) else "content"


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAVEX", "PCM_24"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("AU", "PCM_16"),
        ("CAF", "PCM_16"),
        ("NIST", "PCM_16"),
        ("FLAC", "PCM_S8"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
    ],
)
def test_whole_files_are_read_as_soundfile_reads_them_and_cut_ones_are_refused(read, refusal, kind, subtype):
    content = encoded(STEREO, kind, subtype)
    expected, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    assert np.array_equal(read(content), expected.mean(axis=1))
    for part in (0.1, 0.5, 0.9):
        assert refusal(content[: int(len(content) * part)]).split(":")[0] in ("broke off", "damaged")
    assert refusal(content[:-1])


def test_mp3_is_read_whole_and_refused_where_its_frames_do_not_add_up(read, refusal):
    content = encoded(np.tile(WAVE, 4), "MP3")
    assert len(read(content)) == 16_000
    tagged = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + content + b"TAG" + bytes(125)
    assert np.array_equal(read(tagged), read(content))
    assert "the file holds" in refusal(content[: len(content) // 2]) or "is not whole" in refusal(content[:-40])
    half = len(content) // 2
    assert refusal(content[:half] + b"noise" + content[half:]).startswith("damaged: ")
    flipped = patched(content, half, bytes([content[half] ^ 1]))
    assert "the checksum of its frames (in the LAME tag) is wrong" in refusal(flipped)


ID3V1 = b"TAG" + bytes(125)
TAGS = {
    "two of ID3v1": ID3V1 + ID3V1,
    "extended ID3v1": b"TAG+" + bytes(223) + ID3V1,
    "Lyrics3": b"LYRICSBEGIN" + b"IND0000210" + b"000021LYRICS200" + ID3V1,
    "Lyrics3 of version 1": b"LYRICSBEGINla la laLYRICSEND" + ID3V1,
    "APE": b"APETAGEX" + struct.pack("<IIII8x", 2000, 42, 1, 0) + bytes(10) + b"APETAGEX"
    + struct.pack("<IIII8x", 2000, 42, 1, 1 << 31),
    "ID3v2.4": b"ID3\x04\0\x10\0\0\0\x0a" + bytes(10) + b"3DI\x04\0\x10\0\0\0\x0a",
    "nothing but an end of line": b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_tags_behind_the_sound_are_passed_over(read, tag):
    mp3, flac, ogg = encoded(np.tile(WAVE, 4), "MP3"), encoded(WAVE, "FLAC"), encoded(WAVE, "OGG")
    for content in (mp3, ogg) if "end of line" in tag else (mp3, flac, ogg):
        assert np.array_equal(read(content + TAGS[tag]), read(content))


def test_a_flac_is_read_whatever_its_other_metadata_is(read):
    flac = encoded(WAVE, "FLAC")
    picture = b"\x06" + (32).to_bytes(3, "big") + bytes(7) + b"\x7f" * 25  # says that its texts are longer than it is
    assert np.array_equal(read(flac[:42] + picture + flac[42:]), read(flac))


def test_adpcm_of_ffmpeg_says_the_same_bytes_a_second_whatever_they_are(read):
    content = encoded(WAVE, "WAV", "IMA_ADPCM", 8_000)
    assert np.array_equal(read(patched(content, 28, struct.pack("<I", 16_000))), read(content))


def test_joined_recordings_are_not_read_up_to_the_joint(refusal):
    assert refusal(wav() + wav()).startswith("several recordings: ")
    mp3 = [encoded(np.tile(wave, (4,) + (1,) * (wave.ndim - 1)), "MP3") for wave in (WAVE, STEREO)]
    mono, stereo = mp3
    slow = encoded(np.tile(WAVE, 4), "MP3", rate=24_000)
    for other in (stereo, slow):
        assert refusal(without_tag(mono) + without_tag(other)).startswith("several formats: ")


def test_a_wav_sent_as_text_is_damaged(read, refusal):
    content = wav(np.tile(WAVE, 4))
    assert content.count(b"\n") > 3
    sent = content.replace(b"\r\n", b"\n\n").replace(b"\n", b"\r\n")
    assert "put a CR before every LF" in refusal(sent)
    assert len(read(content + b"\r\n")) == len(read(content))


def test_compressed_sphere_is_not_cut_off_but_compressed(refusal):
    header = encoded(WAVE, "NIST").replace(
        b"sample_coding -s3 pcm\n", b"sample_coding -s26 pcm,embedded-shorten-v2.00\n"
    )
    message = refusal(header[:1024] + b"ajkg" + bytes(range(256)))
    assert message.startswith("compressed SPHERE: ")
    assert "is compressed (shorten-v2.00), which is not read; uncompress it with sph2pipe" in message


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x7FFFFFD3, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF])
def test_sizes_that_mean_unknown_are_read_to_the_end_of_the_file(read, size):
    content = encoded()
    assert np.array_equal(read(sized(content, size)), read(content))
    assert len(read(sized(content, size)[:-3])) == 3_998  # an incomplete last sample is none


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("RF64", lambda c: patched(c, c.index(b"ds64") + 16, bytes(8))),
        ("RF64", lambda c: b"BW64" + c[4:]),
        ("W64", lambda c: patched(c, c.index(b"data\xf3") + 16, b"\xfe" + b"\xff" * 6 + b"\x7f")),
        ("AIFF", lambda c: patched(patched(c, c.index(b"SSND") + 4, bytes(4)), c.index(b"COMM") + 10, bytes(4))),
        ("AIFF", lambda c: patched(c, c.index(b"SSND") + 4, b"\x7f\x00\x00\x08")),
        ("AU", lambda c: patched(c, 8, b"\xff" * 4)),
        ("CAF", lambda c: patched(c, c.index(b"data") + 4, b"\xff" * 8)),
        ("FLAC", lambda c: patched(patched(c, 22, bytes(4)), 26, bytes(16))),
    ],
)
def test_other_formats_know_sizes_that_mean_unknown_too(read, kind, change):
    content = encoded(WAVE, kind, "PCM_16")
    assert np.array_equal(read(change(content)), read(content))


def test_what_broke_off_says_what_is_announced_and_what_is_there(refusal):
    message = refusal(encoded(np.tile(WAVE, 8))[: 44 + 16_000])
    assert "broke off: its header announces 32000 samples (2 s), the file holds 8000 (0.5 s)." in message
    assert "announces 64000 samples" in refusal(sized(encoded(), 128_000))
    assert "no data chunk" in refusal(encoded()[:36])


LIST = b"LIST" + struct.pack("<I", 10) + b"INFOINAM\0\0"


@pytest.mark.parametrize(
    "content",
    [
        wav(behind=LIST),
        wav(behind=LIST[:-4]),
        wav(before=b"junk" + struct.pack("<I", 3) + b"abc\0"),
        wav(before=b"junk" + struct.pack("<I", 3) + b"abc"),  # its pad byte was forgotten
        wav() + b"appended by something else",
        wav() + bytes(100),
        b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + wav(),
        wav(byte_rate=0),
        patched(wav(), 4, bytes(4)),
        patched(wav(), 4, b"\xff" * 4),
    ],
    ids=named,
)
def test_only_the_data_chunk_is_sound(read, content):
    assert np.array_equal(read(content), read(wav()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wav(byte_rate=8_000), "16000 Hz of 2 bytes are 32000 bytes a second, its header says 8000"),
        (wav(block=4), r"1 channels of 16 bits (PCM) are 2 bytes, its header says 4"),
        (wav(channels=0, block=0), "announces no channels"),
        (sized(wav(), 1_000), "more follows that is no chunk"),
        (wav(behind=b"data" + struct.pack("<I", 4) + b"abcd"), "it has several data chunks"),
        (patched(encoded(WAVE, "AIFF"), 22, b"\x00\x00\x10\x00"), "announces 4096 samples, another 4000"),
        (encoded(WAVE, "AU") + b"more", "announces 8000 bytes of sound, but 8004 follow it"),
        (patched(encoded(WAVE, "FLAC"), 18, b"\x0a\xc4\x40"), "announces 44100 Hz, its first frame 16000"),
        (patched(encoded(WAVE, "FLAC"), 22, b"\x00\x00\x20\x00"), "announces 8192 samples .*, the file holds 4000"),
        (patched(encoded(WAVE, "FLAC"), 22, b"\x00\x00\x01\x00"), "announces 256 samples, the file holds 4000"),
    ],
    ids=named,
)
def test_headers_that_contradict_themselves_are_refused(refusal, content, message):
    found = refusal(content)
    assert all(part in found for part in message.split(" .*"))


def test_checksums_show_damage(refusal):
    flac, ogg = encoded(WAVE, "FLAC"), encoded(np.tile(WAVE, 4), "OGG")
    assert "the checksum (MD5) of its samples is wrong" in refusal(patched(flac, 30, bytes([flac[30] ^ 1])))
    assert refusal(patched(flac, 3_000, bytes([flac[3_000] ^ 1]))).startswith("damaged: ")
    assert "the checksum of page" in refusal(patched(ogg, 4_200, bytes([ogg[4_200] ^ 1])))
    second, third = (m for m in _pages(ogg)[1:3])
    assert "page 2 stands where page 1 is expected" in refusal(ogg[:second] + ogg[third:])
    assert "several streams" in refusal(ogg + encoded(WAVE, "OGG"))
    assert "none of its" in refusal(ogg[: _pages(ogg)[-1]])


def _pages(content):
    found = [0]
    while (position := content.find(b"OggS", found[-1] + 4)) > 0:
        found.append(position)
    return found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sound: "),
        (wav(b""), "it has 0 samples"),
        (wav(b"", behind=LIST), "it has 0 samples"),
        (encoded(np.zeros(4_000)), "all of its 4000 samples (0.25 s) are 0"),
        (encoded(np.full(4_000, 0.25)), "all of its 4000 samples (0.25 s) are 0.25"),
        (encoded(np.stack([WAVE, -WAVE], axis=1)), "channels cancel: "),
        (encoded(np.array([0.0, np.inf]), subtype="FLOAT"), "not finite: "),
        (encoded(WAVE.astype(np.float64) * 1e300, subtype="DOUBLE"), "not finite: "),
        (encoded(WAVE * 32768, subtype="FLOAT"), "beyond full scale: "),
        (encoded(WAVE, rate=1), "has 1 samples a second; recordings have 1000 to 1000000"),
        (wav(rate=4_000_000_000, byte_rate=0), "absurd sample rate: "),
        (b"<!DOCTYPE html><html>", "not audio: "),
        (b"version https://git-lfs.github.com/spec/v1\n", "it begins with b'version http'"),
    ],
    ids=named,
)
def test_what_holds_no_sound_is_refused(refusal, content, message):
    assert message in refusal(content)


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "gone.wav"):
        with pytest.raises(RecordingError, match="cannot be read as an audio file: it is no file, or does not exist"):
            read_audio(path, RATE)


def test_a_length_of_a_million_million_samples_allocates_nothing(refusal):
    flac = encoded(WAVE, "FLAC")
    packed = int.from_bytes(flac[18:26], "big") | (1 << 36) - 1
    assert "announces 68719476735 samples" in refusal(patched(flac, 18, packed.to_bytes(8, "big")))


def test_rates_that_share_no_factor_are_resampled_without_a_huge_filter():
    hertz, rate = 440.0, 44_101
    tone = np.sin(2 * np.pi * hertz * np.arange(rate // 10) / rate).astype(np.float32)
    wave = mono(tone[:, None], rate, RATE, "a tone")
    expected = np.sin(2 * np.pi * hertz * np.arange(len(wave)) / RATE)
    assert wave.dtype == np.float32
    assert np.abs(wave - expected)[50:-50].max() < 0.01


def test_blocks_filled_up_by_the_encoder_hold_no_sound_at_their_end(read):
    assert len(read(encoded(WAVE, "WAV", "MS_ADPCM"))) == len(WAVE)
    assert len(read(encoded(WAVE, "WAV", "GSM610", 8_000), 8_000)) == len(WAVE)


def test_clipping_is_measured_and_a_full_scale_tone_is_not_clipped(tmp_path):
    tone = np.sin(2 * np.pi * 200 * np.arange(8_000) / RATE)
    for name, wave in (("tone", tone), ("clipped", np.clip(2 * tone, -1, 1))):
        soundfile.write(tmp_path / f"{name}.wav", wave, RATE)
    assert read_recording(tmp_path / "tone.wav", RATE).clipped == 0
    assert read_recording(tmp_path / "clipped.wav", RATE).clipped > 0.5


@pytest.mark.parametrize("kind", list(Features))
def test_a_wave_of_one_window_has_frames_and_a_shorter_one_none(tmp_path, kind):
    settings = FeatureSettings(kind, 20, RATE, 25.0, 10.0)
    frames = frames_of(WAVE[:400], settings)
    assert frames.shape == (1 + 400 // 160, 20)
    assert np.isfinite(frames).all()
    soundfile.write(tmp_path / "short.wav", WAVE[:399], RATE)
    with pytest.raises(RecordingError, match=r"short\.wav is too short: it lasts 24\.9375 ms, .* window of 25 ms"):
        frames_of_file(tmp_path / "short.wav", settings)


def test_the_checksum_of_a_flac_is_that_of_its_samples():
    samples = (np.clip(WAVE, -1, 1) * 32767).astype("<i2")
    assert encoded(samples, "FLAC", "PCM_16")[26:42] == hashlib.md5(samples.tobytes()).digest()


def test_the_checksum_of_an_mp3_is_that_of_its_bytes_one_after_the_other():
    assert crc16(b"123456789") == 0xBB3D  # the catalogue's check value of CRC-16/ARC
    assert crc16(b"") == crc16(bytes(5_000)) == 0
    assert crc16(b"\0" * 9_000 + b"123456789") == 0xBB3D
    assert crc16(b"1" + bytes(4_096)) == 0xCA61
