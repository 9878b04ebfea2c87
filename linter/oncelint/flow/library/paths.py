"""Project files that code opens by a literal name, and the ways pathlib and os.path lead to
them."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from oncelint.flow import expressions
from oncelint.flow.library import records
from oncelint.flow.library.models import Model, first_of
from oncelint.flow.values import Abs, At, Bound, File, Foreign, Lit, Rec, Slot, Unk
from oncelint.formats.tree import walk

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def file_attribute(base: File, name: str, at: At) -> Abs:
    """pathlib's ways to the neighbours of a file."""
    if name == "parent":
        return replace(base, path=posixpath.dirname(base.path))
    if name == "parents":
        return Foreign(_PARENTS, (base,), at)
    if name == "name":
        return Lit(posixpath.basename(base.path), at)
    return Bound(base, name, at)


_PARENTS = "pathlib.PurePath.parents"


def foreign_item(base: Foreign, key: Abs, at: At) -> Abs | None:
    """`parents[n]` of a path; None for an item of anything else."""
    if base.path != _PARENTS or not isinstance(key, Lit) or not isinstance(key.value, int):
        return None
    file = base.made_from[0]
    if not isinstance(file, File):
        return None
    path = file.path
    for _ in range(key.value + 1):
        path = posixpath.dirname(path)
    return replace(file, path=path)


# A configuration file that is read line by line is run line by line, up to this many.
_LINES = 200


def file_lines(machine: Machine, file: File) -> tuple[Abs, ...] | None:
    """The lines of an opened project file; None when it cannot be read or is long."""
    found = machine.files.lines("" if file.rooted else machine.frame.path, file.path)
    if found is None or len(found[1]) > _LINES:
        return None
    path, lines = found
    machine.trace.config_files.setdefault(path, set())
    return tuple(
        Lit(line + "\n", At(path, (number, 1, number, len(line) + 1)))
        for number, line in enumerate(lines, 1)
    )


def open_file(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = args[0] if args else (named["file"].value if "file" in named else Lit(None))
    given = args[1] if len(args) > 1 else (named["mode"].value if "mode" in named else Lit("r"))
    mode = given.value if isinstance(given, Lit) and isinstance(given.value, str) else ""

    def one(value: Abs) -> Abs:
        if isinstance(value, Lit) and isinstance(value.value, str):
            return File(value.value, True, mode=mode)
        if isinstance(value, File):
            return replace(value, opened=True, mode=mode)
        if writes(mode):
            return Foreign("open()", (value, given), at)
        return Unk("a file whose name is not known", at)

    return machine.over(value, one)


def writes(mode: str) -> bool:
    """Whether a file opened with a mode can be written."""
    return bool(set("awx+") & set(mode))


def path_of(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    if isinstance(value, Lit) and isinstance(value.value, str):
        return joined_path(File(value.value), args[1:])
    if isinstance(value, File):
        return joined_path(value, args[1:])
    return Unk("a path that is not known", at)


def joined_path(base: File, parts: list[Abs]) -> Abs:
    path = base.path
    for part in parts:
        if isinstance(part, Lit) and isinstance(part.value, str):
            path = posixpath.normpath(posixpath.join(path, part.value))
        else:
            return Unk("a path that is not known")
    return replace(base, path=path)


def folder_of(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    value = first_of(args)
    return replace(value, path=posixpath.dirname(value.path)) if isinstance(value, File) else value


def join_paths(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return path_of(machine, args, named, at)


def loader(kind: str) -> Model:
    def model(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
        value = first_of(args)
        if isinstance(value, Bound) and value.name == "read":
            value = value.receiver
        if kind == "dotenv" and isinstance(value, Lit) and isinstance(value.value, str):
            value = File(value.value)
        if isinstance(value, File):
            return load_file(machine, value, kind, at)
        if isinstance(value, Rec) or expressions.record_sites(machine, value):
            sites = expressions.record_sites(machine, value)
            return value if isinstance(value, Rec) else records.worked_out([value], sites)
        return expressions.derived(machine, [value], f"{kind} from somewhere not known", at)

    return model


def load_file(machine: Machine, file: File, kind: str, at: At) -> Abs:
    """The content of a project file named by a literal, as the loader of `kind` gives it."""
    from oncelint.flow.trees import tree_value

    found = machine.files.document("" if file.rooted else at.path, file.path)
    if found is None:
        return Unk(f"the file {file.path} is not in the project or could not be read", at)
    path, root, span = found
    if sum(1 for _ in islice(walk(root), _NODES + 1)) > _NODES:
        return Unk(f"the file {path} is too large for a configuration", at)
    machine.trace.config_files.setdefault(path, set())
    return tree_value(machine, root, path, machine.spans.setdefault(path, cache(span)))


# Values in a file; what holds more is data and no configuration.
_NODES = 2000


def file_method(machine: Machine, receiver: File, name: str, args: list[Abs], at: At) -> Abs:
    if name in ("joinpath", "__truediv__"):
        return joined_path(receiver, args)
    if name in ("with_name", "with_suffix") and args and isinstance(args[0], Lit):
        base, changed = receiver.path, str(args[0].value)
        if name == "with_suffix":
            return replace(receiver, path=posixpath.splitext(base)[0] + changed)
        return replace(receiver, path=posixpath.join(posixpath.dirname(base), changed))
    if name in ("resolve", "absolute", "expanduser", "as_posix", "__enter__"):
        return receiver
    if name == "open":
        return replace(receiver, opened=True)
    if name in ("read", "read_text", "read_bytes"):
        return receiver
    if name == "readlines":
        return replace(receiver, opened=True)
    return Unk(f"the result of {name}() on a file", at)
