"""Discovery and extraction of a whole project by several processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import tree
from oncelint import discover, scan
from oncelint.discover import list_files
from oncelint.model.facts import FileFacts


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    tree.write(folder, files=900, share=0.05, seed=3)
    (folder / "pipe.py").symlink_to("pipe.py")
    return folder


def _scan(folder: Path, jobs: int) -> tuple[discover.Discovery, list[FileFacts]]:
    return scan.scan(folder, list_files(folder), max_size=10**6, overlay={}, jobs=jobs)


def _told(facts: list[FileFacts]) -> list[tuple[object, ...]]:
    """Facts but for the IR, which is compared by identity."""
    return [
        (one.path, one.configs, one.requirements, one.suppressions, one.module is None)
        for one in facts
    ]


@pytest.mark.parametrize("jobs", [2, 3])
def test_several_processes_find_the_same_in_the_same_order(project: Path, jobs: int) -> None:
    found, facts = _scan(project, 1)
    again, as_well = _scan(project, jobs)
    assert len(facts) > 40
    assert any(one.module is not None for one in facts)
    assert _told(as_well) == _told(facts)
    assert again == found
    assert [item.reason for item in found.skipped] == ["loop of symbolic links"]


def test_a_process_that_dies_loses_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = os.getpid()
    drawn = scan._drawn

    def dying(queue: int) -> Iterator[int]:
        for count, number in enumerate(drawn(queue)):
            if os.getpid() != parent and count:
                os._exit(9)
            yield number

    expected = _told(_scan(project, 1)[1])
    monkeypatch.setattr(scan, "_drawn", dying)
    assert _told(_scan(project, 3)[1]) == expected


def test_progress_tells_of_all_files(project: Path) -> None:
    for jobs in (1, 2):
        told: list[tuple[int, int]] = []
        listed = list_files(project)
        scan.scan(
            project,
            listed,
            max_size=10**6,
            overlay={},
            jobs=jobs,
            progress=lambda done, total: told.append((done, total)),  # noqa: B023
        )
        assert {total for _, total in told} == {len(listed)}
        assert [done for done, _ in told] == sorted(done for done, _ in told)
        assert all(0 < done <= len(listed) for done, _ in told)


def test_what_has_to_be_loaded_is_loaded_while_others_work(project: Path) -> None:
    called: list[str] = []
    for jobs, expected in ((1, []), (2, ["once"])):
        called.clear()
        scan.scan(
            project,
            list_files(project),
            max_size=10**6,
            overlay={},
            jobs=jobs,
            meanwhile=lambda: called.append("once"),
        )
        assert called == expected


def test_an_overlay_counts_over_the_file_and_may_be_new(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import json\n")
    overlay = {"a.py": b"import kafka\n", "new.py": b"import kafka\n"}
    found, facts = scan.scan(tmp_path, ["a.py"], max_size=100, overlay=overlay)
    assert found.files == ["a.py", "new.py"]
    assert [one.path for one in facts] == ["a.py", "new.py"]


def test_a_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.py").write_text("import kafka\n")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listed = list_files(tmp_path)
    assert listed == ["a.py", "locked/"]
    found, _ = scan.scan(tmp_path, listed, max_size=100, overlay={})
    assert found.files == ["a.py"]
    assert [(item.path, item.reason) for item in found.skipped] == [
        ("locked", "unreadable: the folder cannot be listed")
    ]


def test_a_line_of_gitignore_that_is_no_pattern_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build\\\n/generated\n", encoding="utf-8")
    for name in ("generated/client.properties", "client.properties"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("bootstrap.servers=kafka:9092\n", encoding="utf-8")
    assert list_files(tmp_path) == [".gitignore", "client.properties"]
