"""What has a name keeps it: folders are synced once the name is there, as a power cut needs it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stentor import folders
from stentor.keys import load_or_create
from stentor.store import media_files


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[str]]:
    """By the number of a folder: the names that were in it when it was last synced."""
    names: dict[int, list[str]] = {}
    sync = os.fsync

    def noted(handle: int) -> None:
        sync(handle)
        what = os.fstat(handle)
        if stat.S_ISDIR(what.st_mode):
            names[what.st_ino] = sorted(os.listdir(handle))

    monkeypatch.setattr(os, "fsync", noted)
    return names


def test_a_folder_is_made_with_all_above_it_and_every_name_is_synced(
    tmp_path: Path, synced: dict[int, list[str]]
) -> None:
    folders.make(tmp_path / "a" / "b" / "c", mode=0o700)
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o700
    for above, name in ((".", "a"), ("a", "b"), ("a/b", "c")):
        assert synced[(tmp_path / above).stat().st_ino] == [name]


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, synced: dict[int, list[str]]) -> None:
    folders.make(tmp_path)
    assert synced == {}


def test_an_image_that_was_kept_has_its_name_on_the_disk(
    tmp_path: Path, synced: dict[int, list[str]]
) -> None:
    path = media_files.save_profile_image(tmp_path / "media", "avatar", 5, b"GIF89a" + bytes(9))
    for name in (tmp_path / "media" / path, *(tmp_path / "media" / path).parents[:3]):
        assert synced[name.parent.stat().st_ino] == [name.name]


def test_keys_that_were_made_have_their_name_on_the_disk(
    tmp_path: Path, synced: dict[int, list[str]]
) -> None:
    load_or_create(tmp_path / "data" / "keys.json")
    assert synced[tmp_path.stat().st_ino] == ["data"]
    assert synced[(tmp_path / "data").stat().st_ino] == ["keys.json"]
