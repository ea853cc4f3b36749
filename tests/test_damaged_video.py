"""Video that is damaged in the middle or at the end: what is lost is counted, what is kept has no hole, nothing vanishes silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vsslfw import Pipeline, load_recipe
from vsslfw.errors import UserError
from vsslfw.pipeline import clip_reader, extract
from vsslfw.testing.tiny import tiny_overrides


@pytest.fixture
def damaged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make segments of one second, and break those that begin in [start_s, stop_s) of every labelled or every contextual video."""

    def damage(role: str, start_s: float, stop_s: float) -> None:
        opened, taken = clip_reader.ClipReader.reading, clip_reader.Reading.take

        def reading(
            self: clip_reader.ClipReader, request: clip_reader.Request, first: int = 0, last: int | None = None
        ) -> clip_reader.Reading:
            found = opened(self, request, first, last)
            found.request = request  # type: ignore[attr-defined]
            return found

        def take(self: clip_reader.Reading, first: int, last: int) -> clip_reader.Decoded:
            decoded, request = taken(self, first, last), self.request  # type: ignore[attr-defined]
            if request.video.row.role != role or not start_s <= request.clip.times[first] - request.clip.start_s < stop_s:
                return decoded
            return clip_reader.Decoded(decoded.frames[:0], decoded.times[:0], decoded.places[:0], None, "damaged by the test")

        monkeypatch.setattr(extract, "SEGMENT_S", 1.0)
        monkeypatch.setattr(clip_reader.ClipReader, "reading", reading)
        monkeypatch.setattr(clip_reader.Reading, "take", take)

    return damage


def pipeline(tmp_path: Path, **changes: str) -> Pipeline:
    return Pipeline(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(**changes)), cache=tmp_path / "cache")


def test_a_hole_that_is_small_enough_leaves_no_gap_in_the_stored_sequence(damaged: Any, tmp_path: Path) -> None:
    damaged("labelled", 0.5, 1.5)
    for case in pipeline(tmp_path, video__max_lost="0.9").features.cases:
        features, times = case.entry.read()
        assert len(features) == len(times) == case.entry.length < case.entry.provenance["frames_expected"]
        assert case.entry.length == case.entry.provenance["frames_expected"] - case.entry.provenance["frames_lost"]
        assert np.all(np.diff(times.numpy()) > 0)
        assert not ((times > 0.9) & (times < 1.9)).any()  # a segment is 6 frames, 0.96 s
        assert case.entry.provenance["decode_error"] == "damaged by the test"


@pytest.mark.slow
def test_a_hole_that_is_too_large_stops_the_run(damaged: Any, tmp_path: Path) -> None:
    damaged("labelled", 0.5, 1.5)
    with pytest.raises(UserError, match=r"video\.max_lost"):
        _ = pipeline(tmp_path).features


@pytest.mark.slow
@pytest.mark.parametrize("source", ["contextual", "labelled-train-fold", "none"])
def test_a_subject_that_is_lost_is_told_whatever_pretraining_sees(source: str, damaged: Any, tmp_path: Path) -> None:
    damaged("labelled", 0.0, 1.0)
    with pytest.raises(UserError, match=r"leave nothing of class ES, class PNES, subject \S+ \(labelled\)"):
        _ = pipeline(tmp_path, pretrain__source=source).features


@pytest.mark.slow
@pytest.mark.parametrize("views", ["2", "online"])
def test_contextual_clips_that_cannot_be_read_are_left_out_alike_online_and_cached(views: str, damaged: Any, tmp_path: Path) -> None:
    damaged("contextual", 0.0, 0.5)
    features = pipeline(tmp_path, extract__views=views, video__on_unreadable="leave_out").features
    assert features.clips == ()
    assert {video.role for video in features.left_out} == {"contextual"}
    assert len(features.left_out) == len({video.video_id for video in features.left_out})


@pytest.mark.slow
def test_a_stricter_limit_refuses_what_the_cache_holds(damaged: Any, tmp_path: Path) -> None:
    damaged("labelled", 0.5, 1.5)
    assert pipeline(tmp_path, video__max_lost="0.9").features.cases
    with pytest.raises(UserError, match=r"video\.max_lost"):
        _ = pipeline(tmp_path).features
