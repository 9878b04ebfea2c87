"""What the flags come to: settings, the project's root, paths in it."""

from __future__ import annotations

import os

from oncelint.cli.terminal import Failure

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from oncelint.settings import Settings
    from oncelint.text import SourceText


def settings_for(options: argparse.Namespace, root: Path) -> Settings:
    from oncelint import settings

    try:
        return settings.load(
            root, isolated=options.isolated, config=options.config, names=_rule_names
        )
    except settings.SettingsError as error:
        raise Failure(str(error)) from None


def _rule_names() -> Collection[str]:
    """All ids and groups."""
    from oncelint import check

    catalogue = check.catalogue()
    return {*catalogue, *(rule.group for rule in catalogue.values())}


def merged(settings: Settings, options: argparse.Namespace) -> Settings:
    """The settings with what the command line says over them.

    `--select` starts the choice of rules anew; `--ignore` and `--extend-select` add to it.
    """
    from dataclasses import replace

    select, ignore, extend = (
        _split_list(flag, values)
        for flag, values in (
            ("--select", options.select),
            ("--ignore", options.ignore),
            ("--extend-select", options.extend_select),
        )
    )
    if select:
        settings = replace(settings, select=select, ignore=(), extend_select=())
    kept = tuple(name for name in settings.ignore if name not in extend)
    given = {
        name: value
        for name in ("pedantic", "preview", "min_severity", "min_confidence", "fail_on")
        if (value := getattr(options, name)) is not None
    }
    return replace(
        settings,
        ignore=(*kept, *ignore),
        extend_select=(*settings.extend_select, *extend),
        **given,
    )


def _split_list(flag: str, values: Iterable[str]) -> tuple[str, ...]:
    """Comma-separated rule names of one flag, each a real one."""
    names = tuple(name for value in values for item in value.split(",") if (name := item.strip()))
    if names:
        from oncelint.settings import nearest

        known = _rule_names()
        for name in names:
            if name not in known:
                near = nearest(name, known)
                hint = f", did you mean {near}?" if near else ""
                raise Failure(f"{flag}: there is no rule or group {name}{hint}")
    return names


def output_of(item: str) -> tuple[str, str]:
    from oncelint.report import FORMATS

    format, equals, name = item.partition("=")
    if not equals or not name or format not in FORMATS:
        raise Failure(f"--output {item}: write FORMAT=FILE, with a format of {', '.join(FORMATS)}")
    return format, name


def _directory(path: str, *, must_exist: bool = True) -> Path:
    """The folder a path lies in, or is."""
    from pathlib import Path

    given = Path(path)
    if given.is_dir():
        return given
    if must_exist and not os.path.lexists(given):
        raise Failure(f"there is no file or folder {path}")
    return given.parent


def root_of(path: str, *, must_exist: bool = True) -> Path:
    """The project of a path: its git repository; without git the folder that is named, or for a
    file the working directory it lies under."""
    from pathlib import Path

    from oncelint import api

    folder = _directory(path, must_exist=must_exist)
    root = api.project_root(folder)
    here = Path.cwd()
    if (root / ".git").exists() or Path(path).is_dir():
        return root
    return here if here in folder.resolve().parents else root


def path_inside(path: Path, root: Path) -> str:
    """The path relative to the project root, with forward slashes."""
    absolute = path.parent.resolve() / path.name
    try:
        return absolute.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise Failure(f"{path} is not inside the project {root}") from None


def displayed_from(root: Path) -> Callable[[str], str]:
    """Paths of the project as the reader's working directory names them: relative when one lies
    in the other, else absolute."""
    from pathlib import Path

    base, here = root.resolve(), Path.cwd().resolve()
    if base == here:
        return lambda path: path
    if here in base.parents or base in here.parents:
        return lambda path: Path(os.path.relpath(base / path, here)).as_posix()
    return lambda path: (base / path).as_posix()


class Sources:
    """The files' texts, each read once; an overlay counts over the file."""

    def __init__(self, root: Path, overlay: Mapping[str, bytes]) -> None:
        self._root = root
        self._overlay = overlay
        self._read: dict[str, SourceText | None] = {}

    def __call__(self, path: str) -> SourceText | None:
        if path not in self._read:
            self._read[path] = self._decode(path)
        return self._read[path]

    def _decode(self, path: str) -> SourceText | None:
        from oncelint.text import SourceText, TextError

        try:
            data = self._overlay.get(path)
            if data is None:
                data = (self._root / path).read_bytes()
            return SourceText.decode(path, data, latin1=path.endswith(".properties"))
        except (OSError, TextError):
            return None
