"""Writing changed files: all of them or none, and never over what somebody else wrote.

What was proved was the changed project as a whole, so a part of it is not written alone.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncelint.fix.apply import Change

_OUTSIDE = "it is a link that leads out of the project"


class NotWritten(Exception):
    """No file was changed; `path` is the one that stood in the way, and the message says how."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def target(root: Path, path: str) -> str | None:
    """The file that a path of the project stands for, links resolved, relative to the root.

    None for a link that leads out of the project, or into the folder git keeps its own files in.
    """
    base = os.path.realpath(root)
    resolved = os.path.relpath(os.path.realpath(os.path.join(base, path)), base)
    parts = resolved.split(os.sep)
    return None if parts[0] == os.pardir or ".git" in parts else "/".join(parts)


def refusal(root: Path, path: str, *, writing: bool = True) -> str | None:
    """Why a file of the project cannot be replaced; None when it can.

    Without `writing` nothing is said of what only hinders writing, such as permissions.
    """
    real = target(root, path)
    if real is None:
        return _OUTSIDE
    return _hindrance(os.path.join(root, real)) if writing else None


def _hindrance(path: str) -> str | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None  # whoever reads it will see
    except OSError as error:
        return error.strerror or "it cannot be read"
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if not os.access(path, os.W_OK):
        return "it is read-only"
    if not os.access(os.path.dirname(path), os.W_OK):
        return "its folder is read-only"
    if status.st_nlink > 1:
        return "it has other names (hard links), which would keep the old text"
    return None


def write(root: Path, changes: Mapping[str, Change]) -> None:
    """Replace the files, by path relative to the root, links resolved.

    Every file is replaced in one step, its mode kept, and its owner where that is allowed. All new
    files stand ready, and the old ones are looked at once more, before the first one is replaced;
    when a later one cannot be, the earlier ones get their old files back.

    Raises NotWritten, and then every file is as it was and no temporary one is left.
    """
    moves = [_Move(path, os.path.join(root, path)) for path in changes]
    try:
        for move in moves:
            with _naming(move.path):
                _prepare(move, changes[move.path].after)
        for move in moves:
            with _naming(move.path):
                _look(move, changes[move.path].before)
                if len(moves) > 1:
                    _keep(move)
        for move in moves:
            with _naming(move.path):
                assert move.new is not None
                os.replace(move.new, move.full)
                move.new, move.done = None, True
    except BaseException:  # an interrupt, too, must not leave half of it
        _restore(moves)
        raise
    finally:
        for move in moves:
            _remove(move.new)
            _remove(move.old)
    for folder in sorted({os.path.dirname(move.full) for move in moves}):
        _sync_folder(folder)


@dataclass(slots=True)
class _Move:
    """One file on its way: the new one beside it, and the old one under a second name."""

    path: str
    full: str
    new: str | None = None
    old: str | None = None
    done: bool = False


@contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritten(path, error.strerror or str(error)) from error


def _prepare(move: _Move, data: bytes) -> None:
    """Write the new file beside the old one, down to the disk."""
    reason = _hindrance(move.full)
    if reason is not None:
        raise NotWritten(move.path, reason)
    status = os.stat(move.full)
    descriptor, move.new = _temporary(move)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        if hasattr(os, "fchown"):
            with suppress(OSError):  # only root may give a file away
                os.fchown(descriptor, status.st_uid, status.st_gid)
        os.chmod(move.new, stat.S_IMODE(status.st_mode))
        os.fsync(descriptor)


def _temporary(move: _Move) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=".oncelint-", suffix=".tmp", dir=os.path.dirname(move.full))


def _look(move: _Move, expected: bytes) -> None:
    """Make sure that the file is what the fixes were made for."""
    with open(move.full, "rb") as stream:
        if stream.read() != expected:
            raise NotWritten(move.path, "it has changed since it was read")


def _keep(move: _Move) -> None:
    """Give the old file a second name; a copy where the file system has no such thing."""
    descriptor, name = _temporary(move)
    os.close(descriptor)
    os.unlink(name)
    try:
        os.link(move.full, name)
    except OSError:
        move.old = name
        shutil.copy2(move.full, name)
    move.old = name


def _restore(moves: Iterable[_Move]) -> None:
    for move in moves:
        if move.done and move.old is not None:
            old, move.old = move.old, None  # if it cannot be put back, it must not be removed
            try:
                os.replace(old, move.full)
            except OSError as error:
                message = f"its old text is in {old}: {error.strerror or error}"
                raise NotWritten(move.path, message) from error


def _remove(path: str | None) -> None:
    if path is not None:
        with suppress(OSError):
            os.unlink(path)


def _sync_folder(folder: str) -> None:
    """Have the new names on the disk, where a folder can be synchronised."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
