"""Pictures at given times: by presentation time, the same after a seek, upright, cropped, resized, in constant memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vsslfw.video import decode, decoder_version, frames_at, grid, probe, source
from vsslfw.video.clock import Clock

Make = Callable[..., Path]


def read(path: Path, times: Sequence[float], size: tuple[int, int] | None = (24, 32), **options: object) -> np.ndarray:
    stream = frames_at(path, np.asarray(times, dtype=float), size=size, **options)  # type: ignore[arg-type]
    images = [image for _, image in stream]
    assert stream.error == ""
    return np.stack(images)


def brightness(images: np.ndarray) -> list[int]:
    """What frame each image is, in videos whose n-th frame is grey of level 8 n."""
    return [round(image.mean() / 8) for image in images]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a video: its n-th frame is grey of level 8 (n mod 30), shown at ``stamps[n]`` (in 1/1000 s)."""

    def write(
        name: str,
        stamps: Sequence[int],
        *,
        codec: str = "libx264",
        size: tuple[int, int] = (48, 64),
        pictures: Sequence[np.ndarray] = (),
        muxer: dict[str, str] | None = None,
        **options: str,
    ) -> Path:
        path = tmp_path / name
        with av.open(path, "w", options=muxer or {}) as container:
            stream = container.add_stream(codec, rate=Fraction(25), options=options)
            stream.height, stream.width = size
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000) if codec != "mpeg4" else Fraction(1, 25)
            for n, stamp in enumerate(stamps):
                picture = pictures[n] if len(pictures) else np.full((*size, 3), 8 * (n % 30), np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = (stamp, Fraction(1, 1000)) if codec != "mpeg4" else (n, Fraction(1, 25))
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


def test_the_grid_holds_every_frame_that_has_its_whole_time() -> None:
    assert grid(0, 10, 25).shape == (250,)
    assert grid(0, 0.039, 25).shape == (0,)
    assert grid(1.5, 1.7, 10).tolist() == pytest.approx([1.5, 1.6])
    assert grid(5, 1, 25).shape == (0,)


def test_sampling_takes_the_last_picture_shown_at_or_before_each_time(make: Make) -> None:
    path = make("vfr.mp4", [0, 100, 130, 400, 420])
    times = [0.0, 0.05, 0.0999, 0.1, 0.12, 0.2, 0.39, 0.41, 0.42]
    assert brightness(read(path, times)) == [0, 0, 1, 1, 1, 2, 2, 3, 4]


def test_times_count_from_the_first_picture(make: Make) -> None:
    path = make("late.mkv", [5000, 5040, 5080, 5120])
    assert probe(path).start_s == pytest.approx(5.0)
    assert brightness(read(path, [0, 0.04, 0.12])) == [0, 1, 3]


def test_the_tolerance_covers_containers_that_round_to_milliseconds(make: Make) -> None:
    stamps = [round(1000 * n / 30) for n in range(25)]
    assert brightness(read(make("ms.mkv", stamps), grid(0, 0.8, 30).tolist())) == list(range(24))


def test_real_variable_rate_video_agrees_with_a_plain_decoding_loop(shared_data: Path) -> None:
    path = shared_data / "gmdcsa24" / "Subject 2" / "Fall" / "14.mp4"
    with av.open(path) as container:
        pictures = [(frame.time, frame.to_ndarray(format="rgb24", width=32, height=24)) for frame in container.decode(video=0)]
    shown = np.array([time - pictures[0][0] for time, _ in pictures])
    times = grid(0, 11.2, 25)
    expected = [pictures[i][1] for i in np.searchsorted(shown, times + decode.TOLERANCE_S, side="right") - 1]
    assert np.abs(read(path, times) - np.array(expected, dtype=float)).mean() < 1.0


@pytest.mark.parametrize("rate", [1, 12.5, 25, 30, 60])
def test_any_rate_can_be_asked_for(make: Make, rate: float) -> None:
    images = read(make("cfr.mp4", range(0, 1000, 40)), grid(0, 1.0, rate))
    assert brightness(images) == [int(25 * i / rate + 1e-6) for i in range(int(rate))]


LONG = range(0, 14000, 40)
SEEKABLE = {
    "mp4 with B-frames": ("a.mp4", {"g": "50", "bf": "2"}),
    "mp4 with open groups of pictures": ("b.mp4", {"x264-params": "keyint=40:open-gop=1:bframes=3:scenecut=0"}),
    "mp4 with one key frame": ("c.mp4", {"g": "1000"}),
    "mkv": ("d.mkv", {"g": "50", "bf": "2"}),
    "transport stream": ("e.ts", {"g": "50", "bf": "2"}),
    "avi of pictures": ("f.avi", {"codec": "mjpeg"}),
    "avi with B-frames": ("g.avi", {"codec": "mpeg4", "bf": "2", "g": "50"}),
}


@pytest.mark.parametrize("case", SEEKABLE)
def test_far_in_the_pictures_are_those_of_decoding_from_the_beginning(make: Make, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, options = SEEKABLE[case]
    noise = np.random.default_rng(0).integers(0, 255, (len(LONG), 6, 8, 3), dtype=np.uint8)
    path = make(name, LONG, pictures=noise.repeat(8, 1).repeat(8, 2), **options)
    for start in (5.2, 7.98, 11.013):
        times = start + grid(0, 1.0, 25)
        with monkeypatch.context() as patch:
            patch.setattr(source, "SEEK_AFTER_S", 1e9)
            from_the_beginning = read(path, times)
        assert np.array_equal(read(path, times), from_the_beginning)


@pytest.mark.parametrize(
    "name", ["torchcodec__nasa_13013.mp4", "video_features__v_GGSY1Qvo990.mp4", "moviepy__video_with_failing_audio.mp4"]
)
def test_far_into_a_real_file_as_well(shared_data: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared_data / "robust" / name
    times = 9.5 + grid(0, 1.0, 25)
    found = read(path, times)
    monkeypatch.setattr(source, "SEEK_AFTER_S", 1e9)
    assert np.array_equal(found, read(path, times))


def test_a_seek_spares_the_decoding_of_what_lies_before(make: Make) -> None:
    path = make("long.mp4", LONG, g="25")
    with source.Source(path) as opened:
        first = next(opened.pictures(12.0))
        assert opened.seeked
        assert 10.0 <= first.time_s <= 12.0
        assert opened.decoder.decoded <= 3


class Stamp:
    """A picture as the clock sees it."""

    def __init__(self, pts: int | None, dts: int | None = None, duration: int = 40) -> None:
        self.pts, self.dts, self.duration = pts, dts, duration


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([500, 540, 580], [0, 40, 80]),
        ([0, None, None, 120], [0, 40, 80, 120]),
        ([None, None, None], [0, 40, 80]),
        ([0, 40, 40, 80, 120], [0, 40, 60, 80, 120]),
        ([0, 40, 80, 79, 120], [0, 40, 80, 100, 120]),
        ([4000, 4040, 4080, 0, 40, 80], [0, 40, 80, 120, 160, 200]),
        ([0, 40, 5000, 5040], [0, 40, 5000, 5040]),
    ],
    ids=["late start", "missing", "all missing", "twice the same", "a step back", "the clock starts anew", "a gap stays"],
)
def test_the_clock_makes_times_increase(make: Make, stamps: list[int | None], expected: list[int]) -> None:
    with av.open(make("any.mkv", [0, 40])) as container:
        clock = Clock(container.streams.video[0], "matroska")
        times = [clock(Stamp(stamp)) for stamp in stamps]  # type: ignore[arg-type]
    assert times == pytest.approx([time / 1000 for time in expected])


@pytest.mark.parametrize("name", ["RATRACE_wave_f_nm_np1_fr_goo_37", "TrumanShow_wave_f_nm_np1_fr_med_26"])
def test_packed_b_frames_in_avi_come_at_a_constant_rate(shared_data: Path, name: str) -> None:
    with source.Source(shared_data / "robust" / f"torchvision__{name}.avi") as opened:
        times = np.array([picture.time_s for picture in opened.pictures()])
    assert np.diff(times).tolist() == pytest.approx([1 / 30] * (len(times) - 1))


def test_the_last_picture_is_shown_for_its_own_time_and_no_longer(make: Make) -> None:
    path = make("short.mkv", [0, 40, 80])
    stream = frames_at(path, grid(0, 2, 25), size=(24, 32))
    assert sum(1 for _ in stream) == stream.delivered == 3
    assert stream.error == "the video ends at 0.12 s: 47 of 50 frames lie behind its end"


@pytest.mark.parametrize(("name", "options"), [("live.mkv", {"live": "1"}), ("bare.h264", {}), ("bare.mjpeg", {})])
def test_where_no_duration_is_declared_it_is_measured(make: Make, name: str, options: dict[str, str]) -> None:
    path = make(name, range(0, 2000, 40), codec="mjpeg" if name.endswith("mjpeg") else "libx264", muxer=options)
    assert probe(path).duration_s == pytest.approx(2.0, abs=0.05)
    assert brightness(read(path, grid(0, 1.9, 25)))[:29] == list(range(29))


def test_the_best_of_six_streams_is_taken(shared_data: Path) -> None:
    assert read(shared_data / "robust" / "torchcodec__nasa_13013.mp4", [0.0], size=None).shape == (1, 270, 480, 3)


@pytest.mark.parametrize("size", [None, (64, 36), (36, 64)])
@pytest.mark.parametrize("boxed", [False, True], ids=["whole", "boxed"])
def test_rotated_video_stands_upright(shared_data: Path, size: tuple[int, int] | None, boxed: bool) -> None:
    path = shared_data / "robust" / "decord__video_90.mov"
    with av.open(path) as container:
        lying = next(container.decode(video=0)).to_ndarray(format="rgb24")
    upright = np.ascontiguousarray(np.rot90(lying, -1))  # the keys of a keyboard: looked at, they read from left to right
    height, width = size or upright.shape[:2]
    whole = np.array([[0.0, 0.0, upright.shape[1], upright.shape[0]]])
    image = read(path, [0.0], size=size, boxes=whole if boxed else None)[0]
    expected = cv2.resize(upright, (width, height), interpolation=cv2.INTER_AREA)
    assert image.shape == expected.shape
    # The scaler's filter is wider than plain averaging: some grey levels apart at the edges of keys.
    assert np.abs(image.astype(float) - expected).mean() < 5 < 25 < np.abs(image.astype(float) - expected[::-1, ::-1]).mean()


def test_a_box_is_cut_out_before_the_resize_and_nan_means_the_whole_picture(make: Make) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[16:32, 32:48] = 255
    path = make("box.mkv", [0, 40, 80], pictures=[picture] * 3, qp="0")
    boxes = np.array([[32, 16, 48, 32], [np.nan] * 4, [-20, -20, 16, 16]])
    inside, whole, corner = read(path, [0, 0.04, 0.08], size=(12, 12), boxes=boxes)
    assert inside.mean() > 250
    assert whole.mean() == pytest.approx(255 * 16 * 16 / (48 * 64), abs=6)
    assert corner.mean() < 5


def test_a_box_outside_the_picture_gives_its_edge_instead_of_nothing(make: Make) -> None:
    assert read(make("edge.mkv", [0]), [0.0], size=(4, 4), boxes=np.array([[900.0, 900, 950, 950]])).shape == (1, 4, 4, 3)


def test_memory_does_not_grow_with_the_length_of_the_video(make: Make) -> None:
    path = make("steady.mp4", LONG)

    def peak(seconds: float) -> int:
        tracemalloc.start()
        for _ in frames_at(path, grid(0, seconds, 25), size=(480, 640)):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(0.2)
    assert peak(13) < peak(1) + 2 * 480 * 640 * 3


def test_a_file_that_breaks_off_gives_what_came_before(make: Make) -> None:
    whole = make("whole.ts", range(0, 4000, 40), g="10")
    whole.with_name("cut.ts").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    stream = frames_at(whole.with_name("cut.ts"), grid(0, 4, 25), size=(24, 32))
    images = np.stack([image for _, image in stream])
    assert 20 <= len(images) < 90
    assert brightness(images[:20]) == list(range(20))
    assert "ends at" in stream.error or "decoding stops" in stream.error


@pytest.mark.parametrize("times", [[0.2, 0.1], [-0.1, 0.0], [[0.0]]])
def test_times_must_be_a_row_of_seconds_that_do_not_decrease(times: list[float]) -> None:
    with pytest.raises(ValueError, match="times must be"):
        frames_at(Path("any.mp4"), np.array(times), size=None)


def test_boxes_must_be_one_for_each_time() -> None:
    with pytest.raises(ValueError, match=r"boxes must be \(2, 4\)"):
        frames_at(Path("any.mp4"), np.array([0.0, 0.1]), size=None, boxes=np.zeros((1, 4)))


def test_the_decoder_version_names_what_decides_the_pixels() -> None:
    assert all(part in decoder_version() for part in (av.__version__, "libavcodec", "libswscale", "cv2", "reader"))
