"""The synthetic EMU set: real video files, the same bytes for the same seed, and classes that differ in movement alone."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vsslfw.builtin.regions import BoxesCsv
from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.data.manifest import read_manifest
from vsslfw.data.synthetic import writing
from vsslfw.data.synthetic.body import LEFT, RIGHT, joints
from vsslfw.data.synthetic.looks import Light, Look
from vsslfw.data.synthetic.motion import Motion, daily_life, epileptic, psychogenic
from vsslfw.data.synthetic.scene import Scene, Setting
from vsslfw.errors import UserError
from vsslfw.seeds import Stream

SMALL: dict[str, Any] = {
    "subjects": 2,
    "seizures_per_subject": 2,
    "seizure_s": (2.0, 3.0),
    "contextual_per_subject": 1,
    "contextual_s": 3.0,
    "fps": 12.5,
    "size": (64, 96),
}
TIMES = np.arange(300) / 25
LOOK = Look.draw(Stream(0, "look"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SyntheticEMU(**SMALL).manifest(tmp_path_factory.mktemp("emu"))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def ictal(motion: Motion) -> slice:
    onset = next(event.start_s for event in motion.events if event.name == "ictal")
    return slice(int(np.searchsorted(TIMES, onset)), None)


# ---- The files ------------------------------------------------------------------------------------------------------------------


def test_the_manifest_lists_both_classes_and_contextual_video(manifest: Path) -> None:
    rows = read_manifest(manifest).rows
    assert Counter((row.role, row.label) for row in rows) == {("contextual", None): 2, ("labelled", "ES"): 2, ("labelled", "PNES"): 2}
    assert len({(row.subject_id, row.label) for row in rows if row.label}) == 2, "a subject has one class"


def test_videos_are_h264_of_the_size_rate_and_length_asked_for(manifest: Path) -> None:
    for row in table(manifest):
        with av.open(str(manifest.parent / row["path"])) as container:
            stream = container.streams.video[0]
            assert (stream.codec.name, stream.pix_fmt, stream.height, stream.width) == ("h264", "yuv420p", 64, 96)
            assert stream.average_rate == 12.5
            seconds = sum(1 for _ in container.decode(stream)) / 12.5
        assert seconds == pytest.approx(3.0, abs=0.05) if row["role"] == "contextual" else 2.0 <= seconds <= 3.0


def test_the_same_parameters_give_the_same_bytes_and_another_seed_others(manifest: Path, tmp_path: Path) -> None:
    again = SyntheticEMU(**SMALL).manifest(tmp_path)
    assert again.parent.name == manifest.parent.name
    assert content(again.parent) == content(manifest.parent)
    other = SyntheticEMU(**SMALL, seed=1).manifest(tmp_path)
    assert other.parent.name != again.parent.name
    assert content(other.parent)["videos/E01-s1.mp4"] != content(again.parent)["videos/E01-s1.mp4"]


def test_a_complete_set_is_used_again(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "encode", lambda *_, **__: pytest.fail("a video was made again"))
    assert SyntheticEMU(**SMALL).manifest(manifest.parent.parent) == manifest


def test_a_half_written_set_is_never_used(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode, made = writing.encode, []

    def dies_at_the_third(path: Path, *args: Any, **kwargs: Any) -> None:
        made.append(path)
        if len(made) == 3:
            path.write_bytes(b"half a video")
            raise KeyboardInterrupt
        encode(path, *args, **kwargs)

    monkeypatch.setattr(writing, "encode", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        SyntheticEMU(**SMALL).manifest(tmp_path)
    assert not list(tmp_path.glob("*/videos.csv"))
    monkeypatch.setattr(writing, "encode", encode)
    assert content(SyntheticEMU(**SMALL).manifest(tmp_path).parent) == content(manifest.parent)


def test_boxes_lie_in_the_picture_and_the_detector_reads_them(manifest: Path) -> None:
    detector = BoxesCsv(path=str(manifest.parent / "boxes.csv"))
    for row in table(manifest):
        boxes = detector.boxes(row["video_id"], np.array([0.0, 0.5, 1.9]), (64, 96))
        assert boxes is not None
        assert ((boxes[:, 2:] - boxes[:, :2]) > 10).all()
        assert (boxes >= 0).all()
        assert (boxes <= [96, 64, 96, 64]).all()


def test_wrong_parameters_are_reported_all_at_once() -> None:
    with pytest.raises(UserError) as caught:
        SyntheticEMU(subjects=1, seizure_s=(9.0, 3.0), size=(241, 320))
    assert [problem.what.split()[0] for problem in caught.value.problems] == ["subjects", "seizure_s", "size"]


# ---- What tells the classes apart, and what must not ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_light_blanket_lead_in_and_duration_are_spread_alike_over_both_classes(seed: int) -> None:
    design = writing.Design(8, seed, 6, (8.0, 14.0), 2, 10.0, 25.0, (240, 320))
    videos = [video for video in writing._videos(design) if video.label]
    assert Counter(video.label for video in videos) == {"ES": 24, "PNES": 24}
    for label in ("ES", "PNES"):
        of_class = [video for video in videos if video.label == label]
        assert Counter(video.setting.light.night for video in of_class) == {True: 12, False: 12}
        assert set(Counter(video.blanket for video in of_class).values()) == {8}
        assert np.mean([len(video.motion.pose.roll) for video in of_class]) == pytest.approx(11.0 * 25, rel=0.03)
        lead_ins = [video.motion.events[0].start_s / len(video.motion.pose.roll) * 25 for video in of_class]
        assert np.mean(lead_ins) == pytest.approx(0.14, abs=0.005)


def test_until_the_onset_both_classes_are_the_same_pictures() -> None:
    setting = Setting(LOOK, Light(False, 1.0), 0.95, (64, 96))
    scenes = [Scene(setting, kind(TIMES, LOOK, Stream(5), onset=2.0), Stream(6)) for kind in (epileptic, psychogenic)]
    es, pnes = (np.stack(list(scene.frames())) for scene in scenes)
    onset = int(2.0 * 25)
    assert np.array_equal(es[: onset + 1], pnes[: onset + 1])
    assert not np.array_equal(es[onset + 12], pnes[onset + 12])


@pytest.mark.parametrize("seed", range(5))
def test_the_jerks_of_an_epileptic_seizure_slow_down(seed: int) -> None:
    jerks = [event for event in epileptic(TIMES, LOOK, Stream(seed), onset=1.5).events if event.name == "jerk"]
    periods = np.array([event.end_s - event.start_s for event in jerks])
    assert len(periods) > 6
    assert periods[-3:].mean() > 1.7 * periods[:3].mean()


@pytest.mark.parametrize("seed", range(5))
def test_limbs_move_together_in_es_and_each_for_itself_in_pnes(seed: int) -> None:
    def synchrony(motion: Motion) -> float:
        speed = np.diff(motion.pose.arm_up[ictal(motion)], axis=0)
        return float(np.corrcoef(speed[:, LEFT], speed[:, RIGHT])[0, 1])

    assert synchrony(epileptic(TIMES, LOOK, Stream(seed), onset=1.5)) > 0.8
    assert abs(synchrony(psychogenic(TIMES, LOOK, Stream(seed), onset=1.5))) < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_psychogenic_seizure_pauses(seed: int) -> None:
    motion = psychogenic(TIMES, LOOK, Stream(seed), onset=1.5)
    hands = joints(motion.pose, LOOK.height).hand
    speed = np.linalg.norm(np.diff(hands, axis=0), axis=-1).mean(axis=1)
    pauses = [event for event in motion.events if event.name == "pause"]
    assert len(pauses) == 2
    for pause in pauses:
        middle = int((pause.start_s + pause.end_s) / 2 * 25)
        assert speed[middle] < 0.3 * speed[ictal(motion)].mean()


@pytest.mark.parametrize("seed", range(5))
def test_nobody_sinks_into_the_mattress(seed: int) -> None:
    for motion in (
        daily_life(TIMES, LOOK, Stream(seed)),
        epileptic(TIMES, LOOK, Stream(seed), onset=1.5),
        psychogenic(TIMES, LOOK, Stream(seed), onset=1.5),
    ):
        points = joints(motion.pose, LOOK.height).all()
        assert np.isfinite(points).all()
        assert (points[..., 2] > 0).all()
