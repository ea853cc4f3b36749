"""The words of an error that a study keeps name no patient and no folder."""

from __future__ import annotations

import pytest

from vsslfw.ablation.discreet import discreet
from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.data.pseudonyms import Pseudonyms

SEED = 0


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("ward") / "Miller, Ann"
    folder.mkdir()
    rows = ["video_id,path,subject_id,role,label", "miller-1,a b/miller 1.mp4,Miller,labelled,ES", "7,seven.mp4,12,labelled,PNES"]
    (folder / "videos.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "a b").mkdir()
    for name in ("a b/miller 1.mp4", "seven.mp4"):
        (folder / name).write_bytes(b"")
    return read_manifest(folder / "videos.csv", to_split=False)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("video miller-1 cannot be read", "video {miller-1} cannot be read"),
        ("fold Miller: the loss is not finite", "fold {Miller}: the loss is not finite"),
        ("{path:miller-1}: moov atom not found", "{miller-1}: moov atom not found"),
        ("{folder}/boxes of the ward.csv: no such file", "boxes of the ward.csv: no such file"),
        ("ValueError: no picture in miller 1.mp4", "ValueError: no picture in {miller-1}"),
        ("subject 12 has no video but 7 epochs of 12", "subject {12} has no video but 7 epochs of 12"),
        ("plugin mine failed at /home/jane/plugins/mine.py:12", "plugin mine failed at mine.py:12"),
        ("corruption.0.span: at least 1 frame/s and a Millerite", "corruption.0.span: at least 1 frame/s and a Millerite"),
    ],
)
def test_subjects_and_videos_get_their_pseudonyms_and_files_lose_their_folders(manifest: Manifest, said: str, kept: str) -> None:
    pseudonyms = Pseudonyms.of(manifest, SEED)
    names = pseudonyms.videos | pseudonyms.subjects
    said = said.replace("{folder}", str(manifest.path.parent))
    paths = {row.video_id: str(row.path) for row in manifest.rows}
    for key, path in paths.items():
        said = said.replace(f"{{path:{key}}}", path)
    for key, pseudonym in names.items():
        kept = kept.replace(f"{{{key}}}", pseudonym)
    assert discreet(said, manifest, SEED) == kept
