"""Writing changed files: all or none, as they were read, and nothing left behind."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oncelint.fix import files
from oncelint.fix.apply import Change
from oncelint.fix.files import NotWritten, refusal, target, write

OLD, NEW = b"old\r\n", b"new \xff\r\n"


def prepare(folder: Path, *names: str) -> dict[str, Change]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(OLD)
    return {name: Change(OLD, NEW) for name in names}


def state(folder: Path) -> dict[str, bytes]:
    """Every file that is there, so that temporary ones are seen too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_files_are_replaced(tmp_path: Path) -> None:
    write(tmp_path, prepare(tmp_path, "a", "sub/b", "c d"))
    assert state(tmp_path) == {"a": NEW, "c d": NEW, "sub/b": NEW}


def test_no_changes_are_no_error(tmp_path: Path) -> None:
    write(tmp_path, {})
    assert state(tmp_path) == {}


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o664])
def test_the_mode_stays(tmp_path: Path, mode: int) -> None:
    changes = prepare(tmp_path, "a")
    (tmp_path / "a").chmod(mode)
    write(tmp_path, changes)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
def test_the_owner_stays(tmp_path: Path) -> None:
    changes = prepare(tmp_path, "a")
    os.chown(tmp_path / "a", 1234, 2345)
    (tmp_path / "a").chmod(0o755)
    write(tmp_path, changes)
    status = (tmp_path / "a").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o755)


def test_a_file_name_of_full_length(tmp_path: Path) -> None:
    name = "n" * 255
    write(tmp_path, prepare(tmp_path, name))
    assert state(tmp_path) == {name: NEW}


# What must not be written ------------------------------------------------------------------------


def fails(folder: Path, changes: dict[str, Change], path: str, reason: str) -> None:
    """Writing is refused for a file, and everything is as it was."""
    before = state(folder)
    with pytest.raises(NotWritten) as raised:
        write(folder, changes)
    assert (raised.value.path, str(raised.value)) == (path, reason)
    assert state(folder) == before


@pytest.mark.parametrize("late", ["a", "b", "c"])
def test_a_file_that_changed_since_it_was_read(tmp_path: Path, late: str) -> None:
    changes = prepare(tmp_path, "a", "b", "c")
    (tmp_path / late).write_bytes(OLD + b"more")
    fails(tmp_path, changes, late, "it has changed since it was read")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    changes = prepare(tmp_path, "a", "b")
    (tmp_path / "b").unlink()
    fails(tmp_path, changes, "b", "No such file or directory")


def test_a_file_that_became_a_folder(tmp_path: Path) -> None:
    changes = prepare(tmp_path, "a", "b")
    (tmp_path / "b").unlink()
    (tmp_path / "b").mkdir()
    fails(tmp_path, changes, "b", "it is not a regular file")


def test_hard_links(tmp_path: Path) -> None:
    changes = prepare(tmp_path, "a", "b")
    os.link(tmp_path / "b", tmp_path / "other")
    fails(tmp_path, changes, "b", "it has other names (hard links), which would keep the old text")


def access(path: Path) -> Callable[[Any, int], bool]:
    return lambda asked, mode: Path(asked) != path


def test_a_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = prepare(tmp_path, "a", "b")
    monkeypatch.setattr(os, "access", access(tmp_path / "b"))
    fails(tmp_path, changes, "b", "it is read-only")


def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = prepare(tmp_path, "a", "sub/b")
    monkeypatch.setattr(os, "access", access(tmp_path / "sub"))
    fails(tmp_path, changes, "sub/b", "its folder is read-only")


_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from oncelint.fix.apply import Change
from oncelint.fix.files import NotWritten, write
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for name in ("shut", "closed/file"):
    try:
        write(sys.argv[1], {name: Change(b"old", b"new")})
    except NotWritten as problem:
        print(problem.path, problem, sep=": ")
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="permissions are those of another user, whom only root can become",
)
def test_real_permissions(tmp_path: Path) -> None:
    """Root may do anything, so another user tries."""
    project = tmp_path / "p"
    (project / "closed").mkdir(parents=True)
    depth = 4 if "PYTEST_XDIST_WORKER" in os.environ else 3  # up to pytest's own folder
    for folder in (project, *project.parents[:depth]):
        folder.chmod(0o755)
    (project / "shut").write_bytes(b"old")
    (project / "closed" / "file").write_bytes(b"old")
    project.chmod(0o777)
    (project / "shut").chmod(0o444)
    (project / "closed" / "file").chmod(0o666)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(project), *filter(None, sys.path)],
        capture_output=True,
        text=True,
        cwd=project,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "shut: it is read-only\nclosed/file: its folder is read-only\n"
    assert state(project) == {"closed/file": b"old", "shut": b"old"}


# What goes wrong on the way ----------------------------------------------------------------------


class Trip:
    """Lets calls of a function pass until one of them, which raises."""

    def __init__(self, real: Callable[..., Any], at: int, error: BaseException) -> None:
        self.real, self.left, self.error = real, at, error

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.real(*arguments, **named)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["fsync", "replace", "link", "chmod", "fdopen"])
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
def test_whatever_goes_wrong_all_files_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int, error: BaseException
) -> None:
    changes = prepare(tmp_path, "a", "b", "c")
    before = state(tmp_path)
    inodes = {path: (tmp_path / path).stat().st_ino for path in before}
    monkeypatch.setattr(os, name, Trip(getattr(os, name), at, error))
    if name == "link" and error is FULL:  # a copy does as well
        write(tmp_path, changes)
        assert state(tmp_path) == dict.fromkeys("abc", NEW)
        return
    with pytest.raises((NotWritten, KeyboardInterrupt)) as raised:
        write(tmp_path, changes)
    if isinstance(raised.value, NotWritten):
        assert (raised.value.path, str(raised.value)) == ("abc"[at - 1], "No space left on device")
    assert state(tmp_path) == before
    assert {path: (tmp_path / path).stat().st_ino for path in before} == inodes


def test_an_old_file_that_cannot_be_put_back_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = prepare(tmp_path, "a", "b")
    real = os.replace
    calls = 0

    def once(old: str, new: str) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise FULL
        real(old, new)

    monkeypatch.setattr(os, "replace", once)
    with pytest.raises(NotWritten) as raised:
        write(tmp_path, changes)
    place, _, reason = str(raised.value).removeprefix("its old text is in ").rpartition(": ")
    assert (raised.value.path, reason) == ("a", "No space left on device")
    assert Path(place).read_bytes() == OLD
    assert sorted(state(tmp_path)) == [Path(place).name, "a", "b"]


# Links -------------------------------------------------------------------------------------------


def test_where_links_lead(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    for name in ("project/a", "project/.git/config", "outside"):
        (tmp_path / name).write_bytes(OLD)
    os.symlink("../a", root / "sub" / "inside")
    os.symlink("sub/inside", root / "twice")
    os.symlink("../outside", root / "out")
    os.symlink(".git/config", root / "own")
    assert [target(root, name) for name in ("a", "sub/inside", "twice")] == ["a", "a", "a"]
    assert [target(root, name) for name in ("out", "own")] == [None, None]
    for writing in (True, False):
        assert refusal(root, "twice", writing=writing) is None
        assert refusal(root, "out", writing=writing) == "it is a link that leads out of the project"


def test_what_only_hinders_writing_hinders_nothing_else(tmp_path: Path) -> None:
    prepare(tmp_path, "a")
    os.link(tmp_path / "a", tmp_path / "b")
    assert refusal(tmp_path, "a") is not None
    assert refusal(tmp_path, "a", writing=False) is None
    assert files.refusal(tmp_path, "nowhere") is None
