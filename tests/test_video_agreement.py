"""Every picture agrees with the ffmpeg program's: which there are, when they are shown, and their pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ffmpeg_program as ffmpeg
import numpy as np
import pytest
from test_video_probe import READABLE

from vsslfw.video.images import Images
from vsslfw.video.source import Source

CLOSE = 2 / 255
"""Mean absolute difference of a picture, of the whole range."""
DAMAGED = {"decord__corrupted.mp4": 28}
"""How many pictures are whole: ffmpeg shows what its decoder makes up for the others."""
INTERLACED = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=50:duration=2", "-vf", "interlace=lowpass=off", "-flags", "+ildct+ilme")
SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2")

MADE: dict[str, tuple[int, tuple[str, ...]]] = {
    "interlaced.vob": (50, (*INTERLACED, "-c:v", "mpeg2video", "-f", "vob")),
    "interlaced.mpg": (50, (*INTERLACED, "-c:v", "mpeg2video", "-bf", "2")),
    "interlaced.mp4": (50, (*INTERLACED, "-c:v", "libx264")),
    "variable.mp4": (30, (*SOURCE, "-vf", "select='lt(n,20)+not(mod(n,3))'", "-fps_mode", "vfr", "-c:v", "libx264")),
    "10bit.mp4": (50, (*SOURCE, "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error")),
    "12bit.mkv": (50, (*SOURCE, "-c:v", "ffv1", "-pix_fmt", "yuv422p12le")),
    "grey.avi": (50, (*SOURCE, "-c:v", "ffv1", "-pix_fmt", "gray")),
    "motion.avi": (50, (*SOURCE, "-c:v", "mjpeg", "-q:v", "3")),
    "divx.avi": (50, (*SOURCE, "-c:v", "mpeg4", "-vtag", "DIVX")),
    "uncompressed.avi": (50, (*SOURCE, "-c:v", "rawvideo", "-pix_fmt", "yuyv422")),
    "windows.wmv": (50, (*SOURCE, "-c:v", "wmv2", "-f", "asf")),
    "windows.asf": (50, (*SOURCE, "-c:v", "msmpeg4", "-f", "asf")),
    "camcorder.dv": (50, ("-f", "lavfi", "-i", "testsrc2=size=720x576:rate=25:duration=2", "-c:v", "dvvideo", "-pix_fmt", "yuv420p")),
    "stream.ts": (50, (*SOURCE, "-c:v", "libx264", "-bf", "2")),
    "anamorphic.mpg": (50, (*SOURCE, "-vf", "setsar=16/11", "-c:v", "mpeg2video")),
    "full-range.mp4": (50, (*SOURCE, "-vf", "scale=out_range=full", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-color_range", "pc")),
    "hd-matrix.mp4": (
        50,
        (*SOURCE, "-vf", "scale=out_color_matrix=bt709,format=yuv420p", "-c:v", "libx264", "-colorspace", "bt709"),
    ),
    "late.mkv": (50, (*SOURCE, "-output_ts_offset", "5", "-c:v", "libx264")),
}
"""Name -> how many pictures, and what makes it."""


def ours(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Every picture that is whole, (N, H, W, 3) uint8, and its time (N,) in seconds from the first."""
    with Source(path) as source:
        images = Images(ffmpeg.SIZE)
        found = [(images.of(picture.frame), picture.time_s) for picture in source.pictures() if picture.frame]
    return np.stack([image for image, _ in found]), np.array([time for _, time in found])


def assert_agree(path: Path, count: int | None = None, *, deinterlace: bool = False) -> None:
    images, times = ours(path)
    expected, shown = ffmpeg.frames_of(path, deinterlace=deinterlace)
    assert len(images) == (len(expected) if count is None else count)
    expected, shown = expected[: len(images)], shown[: len(images)]
    differences = np.abs(images.astype(np.float32) - expected).mean(axis=(1, 2, 3)) / 255
    assert differences.max() < CLOSE
    assert times == pytest.approx(shown - shown[0], abs=0.002)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", READABLE)
def test_awkward_real_files_agree_with_ffmpeg(shared_data: Path, name: str) -> None:
    assert_agree(shared_data / "robust" / name, DAMAGED.get(name))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Files by name, each made once."""
    folder = tmp_path_factory.mktemp("made")

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            ffmpeg.make(*MADE[name][1], path)
        return path

    return find


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", MADE)
def test_made_files_agree_with_ffmpeg(made: Callable[[str], Path], name: str) -> None:
    assert_agree(made(name), MADE[name][0], deinterlace=name.startswith(("interlaced", "camcorder")))


@pytest.mark.parametrize("name", ["interlaced.vob", "interlaced.mp4"])
def test_interlaced_pictures_have_no_comb(made: Callable[[str], Path], name: str) -> None:
    with Source(made(name)) as source:
        frames = [picture.frame for picture in source.pictures()]
    assert not any(frame.interlaced_frame for frame in frames if frame)


@pytest.mark.parametrize("flips", [(), ("-display_hflip",), ("-display_vflip",)], ids=["", "hflip", "vflip"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_and_mirrored_pictures_agree_with_ffmpeg(
    made: Callable[[str], Path], tmp_path: Path, turn: int, flips: tuple[str, ...]
) -> None:
    path = tmp_path / "turned.mp4"
    ffmpeg.make("-display_rotation", str(turn), *flips, "-i", made("variable.mp4"), "-c", "copy", path)
    assert_agree(path, 30)


def test_a_stream_that_changes_its_size_in_the_middle_is_fitted_into_one(tmp_path: Path) -> None:
    sizes = {"small": "320x240", "large": "640x360"}
    for name, size in sizes.items():
        ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=1", "-c:v", "libx264", tmp_path / f"{name}.h264")
    path = tmp_path / "changes.h264"
    path.write_bytes(b"".join((tmp_path / f"{name}.h264").read_bytes() for name in sizes))
    assert_agree(path, 50)


def test_a_truncated_file_agrees_as_far_as_it_goes(made: Callable[[str], Path], tmp_path: Path) -> None:
    whole = made("motion.avi")
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 5])
    images, _ = ours(cut)
    assert 25 <= len(images) < 50
    assert np.array_equal(images, ours(whole)[0][: len(images)])
