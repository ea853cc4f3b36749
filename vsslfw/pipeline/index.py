"""Stage 1, index: the manifest, what each file is, which files are left out, and the clips that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from vsslfw.atomic import read_json, write_json
from vsslfw.data.clips import Clip, contextual_clips, tile_clips, whole_clip
from vsslfw.data.manifest import Manifest, VideoRow
from vsslfw.digest import digest_of, digest_of_file
from vsslfw.errors import Problem, UserError
from vsslfw.pipeline import progress
from vsslfw.pipeline.blanks import Blanks
from vsslfw.pipeline.cache import Cache
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream
from vsslfw.video import Probe, probe

PROBE_VERSION = 2


NOBODY = "nobody is in the picture"
"""How it is said that frames are left out for that (``on_miss="drop"``)."""


@dataclass(frozen=True)
class Video:
    """A readable row of the manifest: what its file is, and the digest of the file's content."""

    row: VideoRow
    probe: Probe
    content: str


@dataclass(frozen=True)
class LeftOut:
    """A video that is left out, and why, in plain words."""

    video_id: str
    subject_id: str
    role: str
    label: str | None
    reason: str


@dataclass(frozen=True)
class Index:
    """What the run works on. ``key`` digests it."""

    manifest: Manifest
    videos: dict[str, Video]
    left_out: tuple[LeftOut, ...]
    labelled: tuple[Clip, ...]
    """Each readable labelled video, whole."""
    contextual: tuple[Clip, ...]
    """The clips drawn from contextual video."""
    tiles: tuple[Clip, ...]
    """The labelled videos cut in clips, for ``pretrain.source = "labelled-train-fold"``."""
    blank: int
    """Clips that were not drawn, because there is nothing to be seen in their part of a recording."""
    key: str
    files: int
    """Files that the manifest names."""
    remembered: int
    """Those of them that an earlier run has read already."""

    def content(self, clip: Clip) -> str:
        """Digest of the file a clip is cut from."""
        return self.videos[clip.video_id].content


def build_index(recipe: Recipe, manifest: Manifest, cache: Cache) -> Index:
    """Probe every file and draw the clips; UserError if what is left out empties a class or a subject."""
    settings = recipe.settings
    files: dict[Path, Found] = {}
    listener = progress.current()
    paths = list(dict.fromkeys(row.path for row in manifest.rows))
    listener.start("index", len(paths), "files")
    for path in paths:
        files[path] = look(path, cache)
        listener.advance("index", 1)
    listener.finish("index")
    videos: dict[str, Video] = {}
    left_out: list[LeftOut] = []
    for row in manifest.rows:
        found = files[row.path]
        if found.probe.error:
            left_out.append(_left_out(row, found.probe.error))
        elif found.probe.duration_s is None:
            left_out.append(_left_out(row, "its duration cannot be found"))
        elif row.start_s >= found.probe.duration_s:
            left_out.append(_left_out(row, f"start_s {row.start_s:g} lies behind its end ({found.probe.duration_s:.2f} s)"))
        else:
            videos[row.video_id] = Video(row, found.probe, found.content)
    check_left_out(manifest.rows, left_out, settings.video.on_unreadable)

    fps = settings.video.fps
    timed = [(video.row, duration(video)) for video in videos.values()]
    labelled = [(row, length) for row, length in timed if row.role == "labelled"]
    contents = {video.row.video_id: video.content for video in videos.values()}
    with closing(Blanks(contents, cache)) as blanks:
        contextual, blank = contextual_clips(
            [(row, length) for row, length in timed if row.role == "contextual"],
            [row for row in manifest.rows if row.role == "labelled"],
            clip_s=settings.contextual.clip_s,
            clips=settings.contextual.clips,
            fps=fps,
            stream=Stream(settings.seed, "contextual"),
            blank=blanks if settings.contextual.skip_blank else None,
        )
    tiles = [clip for row, length in labelled for clip in tile_clips(row, length, clip_s=settings.contextual.clip_s, fps=fps)]
    whole = [whole_clip(row, length, fps) for row, length in labelled]
    key = digest_of(
        {
            "stage": "index",
            "videos": [[v.row.video_id, v.row.subject_id, v.row.role, v.row.label, v.content] for v in videos.values()],
            "clips": [[asdict(clip) for clip in clips] for clips in (whole, contextual, tiles)],
        }
    )
    remembered = sum(found.remembered for found in files.values())
    return Index(manifest, videos, tuple(left_out), tuple(whole), tuple(contextual), tuple(tiles), blank, key, len(files), remembered)


def duration(video: Video) -> float:
    """Seconds of a file that `build_index` found readable."""
    assert video.probe.duration_s is not None
    return video.probe.duration_s


def check_left_out(rows: Iterable[VideoRow], left_out: Iterable[LeftOut], policy: str) -> None:
    """UserError if leaving these videos out empties a class or a subject, unless the policy is ``leave_out``."""
    left_out = list(left_out)
    if policy == "leave_out" or not left_out:
        return
    gone = {video.video_id for video in left_out}
    rows = list(rows)
    emptied = [
        *_emptied(rows, gone, lambda row: row.label and f"class {row.label}"),
        *_emptied(rows, gone, lambda row: f"subject {row.subject_id} ({row.role})"),  # a subject without labelled video is no longer tested
    ]
    if not emptied:
        return
    reasons = [Problem(video.reason, where=f"video {video.video_id}") for video in left_out]
    empty = sum(NOBODY in video.reason for video in left_out)
    unreadable = len(left_out) - empty
    what, todo = [], []
    if unreadable:
        what.append(f"{unreadable} unreadable files")
        todo.append("Repair or replace these files")
    if empty:
        what.append(f"{empty} videos in which nobody is found, or too seldom,")
        todo.append('Look at their boxes (vsslfw detector review), lower a detector\'s min_score, let on_miss be "hold" or "whole_frame"')
    hint = f"{'; '.join(todo)}, remove their rows, or allow it with --set video.on_unreadable=leave_out"
    whole = Problem(f"{' and '.join(what)} leave nothing of {', '.join(emptied)}", hint=hint)
    raise UserError(*reasons, whole, title="The run would lose part of the data:")


def _emptied(rows: Iterable[VideoRow], gone: set[str], part: Callable[[VideoRow], str | None]) -> list[str]:
    left = {part(row) for row in rows if row.video_id not in gone}
    return sorted({name for row in rows if (name := part(row)) and name not in left})


def _left_out(row: VideoRow, reason: str) -> LeftOut:
    return LeftOut(row.video_id, row.subject_id, row.role, row.label, reason)


@dataclass(frozen=True)
class Found:
    """What a file is, the digest of its content ("" if it cannot be read), and whether an earlier look is remembered."""

    probe: Probe
    content: str
    remembered: bool


def look(path: Path, cache: Cache) -> Found:
    """Content digest and probe of a file, remembered for as long as its path, size and time stay; nothing that a failing disk said is."""
    try:
        stat = path.stat()
        name = digest_of([PROBE_VERSION, str(path), stat.st_size, stat.st_mtime_ns])
        memo = cache.folder / "probe" / f"{name}.json"
        content = "" if memo.is_file() else digest_of_file(path)
    except OSError as error:  # gone since the manifest was read, no permission, a disk that fails
        return Found(Probe(error=f"the file cannot be read: {error.strerror or error}"), "", remembered=False)
    if not content:
        known = read_json(memo)
        return Found(Probe(**{**known["probe"], "size": tuple(known["probe"]["size"])}), known["content"], remembered=True)
    found = probe(path)
    if not found.passing:
        write_json(memo, {"content": content, "probe": asdict(found)})
    return Found(found, content, remembered=False)
