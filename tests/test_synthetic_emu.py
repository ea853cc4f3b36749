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
from vsslfw.data.synthetic.daily import daily_life
from vsslfw.data.synthetic.looks import Light, Look
from vsslfw.data.synthetic.motion import Motion
from vsslfw.data.synthetic.scene import Scene, Setting
from vsslfw.data.synthetic.seizures import LEVELS, LIMBS, seizure
from vsslfw.data.synthetic.stamp import Stamp
from vsslfw.data.synthetic.visits import VISITS, visit
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


def test_a_folder_that_holds_anything_else_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        SyntheticEMU(**SMALL).write(mine)
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    target = tmp_path / "set"
    first = content(SyntheticEMU(**SMALL).write(target).parent)
    assert content(SyntheticEMU(**SMALL).write(target).parent) == first
    with pytest.raises(UserError, match="another design"):
        SyntheticEMU(**SMALL, seed=1).write(target)
    assert content(target) == first


def test_the_truth_lies_beside_the_videos(manifest: Path) -> None:
    for row in table(manifest):
        angles = np.loadtxt(manifest.parent / "angles" / f"{row['video_id']}.csv", delimiter=",", skiprows=1)
        with av.open(str(manifest.parent / row["path"])) as container:
            assert len(angles) == sum(1 for _ in container.decode(video=0)), "a row a frame"
        assert angles[-1, 0] == pytest.approx((len(angles) - 1) / 12.5, abs=1e-4)
    events = table(manifest.parent / "truth.csv")
    cycles = {(event["video_id"], event["part"]) for event in events if event["event"] == "cycle"}
    assert cycles == {(row["video_id"], limb) for row in table(manifest) if row["label"] for limb in LIMBS}


# ---- What tells the classes apart, and what must not ----------------------------------------------------------------------------


def design(seed: int, level: str = "rhythm", subjects: int = 8) -> writing.Design:
    return writing.Design(subjects, seed, level, 6, (8.0, 14.0), 1, 10.0, 12.5, (240, 320))


def described(design: writing.Design) -> list[tuple[Any, ...]]:
    """All of a set but how the patients move."""
    return [
        (v.video_id, v.subject_id, v.setting, v.blanket, v.visit, len(v.motion.pose.roll), v.motion.events[0].start_s)
        for v in writing._videos(design)
        if v.label
    ]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_light_blanket_lead_in_visits_and_duration_are_spread_alike_over_both_classes(seed: int) -> None:
    videos = [video for video in writing._videos(design(seed)) if video.label]
    assert Counter(video.label for video in videos) == {"ES": 24, "PNES": 24}
    for label in ("ES", "PNES"):
        of_class = [video for video in videos if video.label == label]
        assert Counter(video.setting.light.night for video in of_class) == {True: 12, False: 12}
        assert set(Counter(video.blanket for video in of_class).values()) == {8}
        assert all(4 <= times <= 8 for times in Counter(video.visit for video in of_class).values())
        assert np.mean([len(video.motion.pose.roll) for video in of_class]) == pytest.approx(11.0 * 12.5, rel=0.03)
        lead_ins = [video.motion.events[0].start_s / len(video.motion.pose.roll) * 12.5 for video in of_class]
        assert np.mean(lead_ins) == pytest.approx(0.14, abs=0.005)


def test_nothing_but_movement_depends_on_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    before = described(design(3))

    def swapped(label: str, *args: Any, **kwargs: Any) -> Motion:
        return seizure("PNES" if label == "ES" else "ES", *args, **kwargs)

    monkeypatch.setattr(writing, "seizure", swapped)
    assert described(design(3)) == before


@pytest.mark.parametrize("level", LEVELS)
def test_until_the_onset_both_classes_are_the_same_pictures(level: str) -> None:
    setting = Setting(LOOK, Light(False, 1.0), 0.95, Stamp.draw(Stream(1), Stream(2)), 25.0, (64, 96))
    scenes = [Scene(setting, seizure(label, level, TIMES, LOOK, Stream(5), onset=2.0), Stream(6)) for label in ("ES", "PNES")]
    es, pnes = (np.stack(list(scene.frames())) for scene in scenes)
    onset = int(2.0 * 25)
    assert np.array_equal(es[: onset + 1], pnes[: onset + 1])
    assert not np.array_equal(es[onset + 75 :], pnes[onset + 75 :])


def onsets(motion: Motion, limb: str) -> np.ndarray[Any, Any]:
    return np.array([event.start_s for event in motion.events if event.name == "cycle" and event.part == limb])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(3))
def test_the_cycles_of_es_slow_down_and_those_of_pnes_have_no_order(level: str, seed: int) -> None:
    es, pnes = (seizure(label, level, TIMES, LOOK, Stream(seed), onset=1.5) for label in ("ES", "PNES"))
    for limb in LIMBS:
        slowing = np.diff(onsets(es, limb))
        assert slowing[-4:].mean() > 1.4 * slowing[:4].mean()
        periods = np.diff(onsets(pnes, limb))
        assert abs(np.corrcoef(periods, np.arange(len(periods)))[0, 1]) < 0.6


@pytest.mark.parametrize("level", ["rhythm", "order"])
def test_poses_and_energy_match_whatever_the_class(level: str) -> None:
    """Mean, deviation and mean absolute change of every angle, and of their sum: standardised differences over 150 seizures."""
    found = {}
    for label in ("ES", "PNES"):
        rows = []
        for seed in range(150):
            pose = seizure(label, level, TIMES[::2], Look.draw(Stream(seed, "look")), Stream(seed), onset=1.5).pose
            angles = np.concatenate([angle.reshape(len(angle), -1) for angle in vars(pose).values()], axis=1)
            angles = np.concatenate([angles, angles.sum(1, keepdims=True)], axis=1)
            rows.append(np.concatenate([angles.mean(0), angles.std(0), np.abs(np.diff(angles, axis=0)).mean(0)]))
        found[label] = np.array(rows)
    spread = np.sqrt((found["ES"].var(0) + found["PNES"].var(0)) / 2)
    moved = spread > 1e-6
    difference = np.abs(found["ES"].mean(0) - found["PNES"].mean(0))[moved] / spread[moved]
    assert difference.max() < 0.35, "0.23 is two standard errors"


def test_at_level_easy_posture_tells_the_classes_apart() -> None:
    def arms(label: str) -> float:
        return float(np.mean([seizure(label, "easy", TIMES, LOOK, Stream(seed), onset=1.5).pose.arm_out.mean() for seed in range(10)]))

    assert arms("PNES") > arms("ES") + 0.1


def synchrony(motion: Motion) -> float:
    speed = np.diff(motion.pose.arm_up[ictal(motion)], axis=0)
    return float(np.corrcoef(speed[:, LEFT], speed[:, RIGHT])[0, 1])


def test_limbs_move_together_at_level_order_in_both_classes() -> None:
    for label in ("ES", "PNES"):
        assert np.mean([synchrony(seizure(label, "order", TIMES, LOOK, Stream(seed), onset=1.5)) for seed in range(10)]) > 0.7


@pytest.mark.parametrize("label", ["ES", "PNES"])
def test_in_a_pause_hardly_anything_moves(label: str) -> None:
    motion = seizure(label, "rhythm", TIMES, LOOK, Stream(4), onset=1.5)
    speed = np.abs(np.diff(motion.pose.arm_up, axis=0)).mean(axis=1)
    pauses = [event for event in motion.events if event.name == "pause"]
    assert pauses
    for pause in pauses:
        middle = int((pause.start_s + pause.end_s) / 2 * 25)
        assert speed[middle] < 0.3 * speed[ictal(motion)].mean()


@pytest.mark.parametrize("seed", range(5))
def test_nobody_sinks_into_the_mattress(seed: int) -> None:
    made = [seizure(label, level, TIMES, LOOK, Stream(seed), onset=1.5) for label in ("ES", "PNES") for level in LEVELS]
    for motion in (daily_life(TIMES, LOOK, Stream(seed)), *made):
        points = joints(motion.pose, LOOK.height).all()
        assert np.isfinite(points).all()
        assert (points[..., 2] > 0).all()


# ---- The room and who is in it --------------------------------------------------------------------------------------------------


def test_daily_life_shows_every_activity_sooner_or_later() -> None:
    times = np.arange(300 * 5) / 5
    seen = {event.name for seed in range(6) for event in daily_life(times, LOOK, Stream(seed)).events}
    assert {"sleep", "eating", "phone", "talking", "empty room", "nurse check", "lying"} <= seen


@pytest.mark.parametrize("kind", VISITS)
def test_a_visitor_changes_the_picture_and_most_of_the_patient_stays_visible(kind: str) -> None:
    setting = Setting(LOOK, Light(False, 1.0), 0.95, Stamp.draw(Stream(1), Stream(2)), 25.0, (120, 160))
    alone = seizure("ES", "order", TIMES[:100], LOOK, Stream(1), onset=0.5)
    visited = seizure("ES", "order", TIMES[:100], LOOK, Stream(1), onset=0.5)
    visit(visited, kind, TIMES[:100], 0.0, 4.0, Stream(3).generator())
    frames = [np.stack(list(Scene(setting, motion, Stream(6)).frames())).astype(int) for motion in (alone, visited)]
    box = np.round(Scene(setting, alone, Stream(6)).boxes()[50]).astype(int)
    changed = (np.abs(frames[0][50] - frames[1][50]).max(-1) > 8)[box[1] : box[3], box[0] : box[2]]
    assert np.array_equal(frames[0], frames[1]) == (kind == "nobody")
    assert changed.mean() < 0.4


def test_a_patient_out_of_bed_is_out_of_the_picture() -> None:
    motion = daily_life(TIMES[:100], LOOK, Stream(1))
    motion.visitors, motion.gone = [], np.repeat([0.0, 1.0], 50)
    setting = Setting(LOOK, Light(False, 1.0), None, Stamp.draw(Stream(1), Stream(2)), 25.0, (64, 96))
    scene = Scene(setting, motion, Stream(6))
    assert scene.present()[[0, 99]].tolist() == [1.0, 0.0]
    motion.pose.arm_up[:] = 1.2
    assert np.array_equal(list(scene.frames())[99], list(Scene(setting, motion, Stream(6)).frames())[99])
