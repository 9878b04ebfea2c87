"""Settings: `[tool.oncelint]` in pyproject.toml or an oncelint.toml at the project root.

Every table is checked in full: a setting nobody reads is an error that names the nearest real
one, as this tool asks of others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from oncelint.model.finding import Confidence, Severity

    IsolationLevel: TypeAlias = Literal["read_committed", "read_uncommitted"]
    Role: TypeAlias = Literal["producer", "consumer"]
    Names: TypeAlias = Callable[[], Collection[str]]


class SettingsError(Exception):
    """Settings that cannot be used; the message is one sentence that names file and place."""


@dataclass(frozen=True, slots=True)
class ExternalClient:
    """A producer or consumer outside this project that shares topics with it.

    `transactional` speaks of a producer, `isolation_level` of a consumer (None: not known).
    `file` and the 1-based `line` tell where it is declared.
    """

    role: Role
    topics: tuple[str, ...]
    transactional: bool = False
    isolation_level: IsolationLevel | None = None
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class IgnoredLocation:
    """A place in a file without comments: `pointer` is a JSON pointer (RFC 6901) into `path`,
    which is relative to the project root; `rules` are ids or groups."""

    path: str
    pointer: str
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked for.

    `select` empty means the default rules; `severity` overrides a rule's own; `clients` maps a
    distribution to its version where no file of the project tells; `max_file_size` is in bytes.
    `documents` reads the examples in Markdown and AsciiDoc pages as well.
    `sources` are the settings files that were read and `notes` what the user should know of them.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    max_file_size: int = 2_000_000
    include_tests: bool = False
    documents: bool = False
    preview: bool = False
    pedantic: bool = False
    min_severity: Severity = "note"
    min_confidence: Confidence = "medium"
    fail_on: Severity = "warning"
    extend: str | None = None
    pipelines: tuple[ExternalClient, ...] = ()
    ignore_locations: tuple[IgnoredLocation, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load(
    root: Path,
    *,
    isolated: bool = False,
    config: Sequence[str] = (),
    names: Names | None = None,
) -> Settings:
    """The settings of the project at `root`.

    `config` holds what `--config` was given: a settings file, which then stands in for the
    project's own, or `key=value` with a TOML value, which counts over any file. With `isolated`
    the project's own file is not looked for. `names` yields the ids and groups of all rules; it
    is called only when a rule is named, and without it rule names are not checked.

    Raises SettingsError.
    """
    given = [Path(item) for item in config if _is_file_argument(item)]
    notes: list[str] = []
    if len(given) > 1:
        raise SettingsError(f"--config names two files, {given[0]} and {given[1]}; give one")
    tables: list[_Source] = []
    if given:
        tables = _read_chain(given[0])
    elif not isolated:
        found, notes = _find(root)
        if found is not None:
            tables = _read_chain(found)
    tables += [_argument(item) for item in config if not _is_file_argument(item)]
    values: dict[str, Any] = {}
    for table in tables:
        values.update(_checked(table, names))
    sources = tuple(table.label for table in tables if table.path is not None)
    return replace(Settings(), **values, sources=sources, notes=tuple(notes))


def nearest(name: str, names: Collection[str]) -> str | None:
    """The one of `names` most like `name`, or None when none is like it."""
    from difflib import get_close_matches  # only errors need it

    lowered = {item.lower(): item for item in names}
    found = get_close_matches(name.lower().replace("_", "-"), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


@dataclass(frozen=True, slots=True)
class _Source:
    """One table of settings: `prefix` is where in its file it stands, `text` that file's text."""

    table: Mapping[str, Any]
    label: str
    prefix: str = ""
    text: str = ""
    path: Path | None = None

    def error(self, place: str, sentence: str) -> SettingsError:
        """An error at the setting `place`, with its line where exactly one line writes it."""
        import re  # only errors need it

        key = re.escape(place.rpartition(".")[2])
        pattern = re.compile(rf"(?:^|[{{,.\[\s])([\"']?){key}\1\s*[=\]]")
        lines = [n for n, line in enumerate(self.text.splitlines(), 1) if pattern.search(line)]
        where = f"{self.label}:{lines[0]}" if len(lines) == 1 else self.label
        return SettingsError(f"{where}: {self.prefix}{place}: {sentence}")


def _is_file_argument(item: str) -> bool:
    return "=" not in item or Path(item).is_file()


def _find(root: Path) -> tuple[Path | None, list[str]]:
    own = root / "oncelint.toml"
    shared = root / "pyproject.toml"
    in_shared = _mentions_us(shared)
    if own.is_file():
        note = f"{own.name} is used, and [tool.oncelint] in {shared.name} is not read"
        return own, [note] if in_shared and _own_table(shared) is not None else []
    return (shared if in_shared else None), []


def _mentions_us(path: Path) -> bool:
    """A byte test, so that a project without settings never loads a TOML parser."""
    try:
        return b"oncelint" in path.read_bytes()
    except OSError:
        return False


def _own_table(path: Path) -> Mapping[str, Any] | None:
    """`[tool.oncelint]` of a pyproject.toml, or None when it has no such table."""
    document, _ = _parse(path)
    tool = document.get("tool")
    table = tool.get("oncelint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.oncelint: must be a table")
    return table


def _parse(path: Path) -> tuple[dict[str, Any], str]:
    import tomli  # 10 ms, and most projects have no settings

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 at byte {error.start}") from None
    try:
        return tomli.loads(text), text
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: is not valid TOML: {error}") from None


def _read(path: Path) -> _Source | None:
    if path.name == "pyproject.toml":
        table = _own_table(path)
        if table is None:
            return None
        text = path.read_bytes().decode("utf-8-sig")
        return _Source(table, str(path), "tool.oncelint.", text, path)
    table, text = _parse(path)
    return _Source(table, str(path), "", text, path)


def _read_chain(path: Path) -> list[_Source]:
    """The file and the files it extends, the farthest first."""
    chain: list[_Source] = []
    seen: list[Path] = []
    current: Path | None = path
    while current is not None:
        resolved = current.resolve()
        if resolved in seen:
            raise SettingsError(f"{seen[-1]}: extend: {current} extends this file in a circle")
        seen.append(resolved)
        source = _read(current)
        if source is None:
            if len(seen) > 1:
                raise SettingsError(f"{seen[-2]}: extend: {current} has no [tool.oncelint] table")
            break
        chain.append(source)
        extend = source.table.get("extend")
        if extend is not None and not isinstance(extend, str):
            raise source.error("extend", "must be the path of a settings file")
        current = (current.parent / extend) if extend else None
        if current is not None and not current.is_file():
            raise source.error("extend", f"there is no file {current}")
    return chain[::-1]


def _argument(item: str) -> _Source:
    import tomli  # only for --config key=value

    try:
        table = tomli.loads(item)
    except (tomli.TOMLDecodeError, RecursionError):
        key = item.partition("=")[0]
        raise SettingsError(
            f'--config {item}: the value must be TOML, so text needs quotes: {key}="…"'
        ) from None
    return _Source(table, f"--config {item}")


def _checked(source: _Source, names: Names | None) -> dict[str, Any]:
    """The table's settings by field name, each checked."""
    known = [item.name.replace("_", "-") for item in fields(Settings)]
    known = [item for item in known if item not in ("sources", "notes")]
    values: dict[str, Any] = {}
    for key, value in source.table.items():
        if key not in known:
            raise source.error(key, f"there is no such setting{_suggestion(key, known)}")
        values[key.replace("-", "_")] = _value(source, key, value, names)
    return values


def _suggestion(name: str, names: Collection[str]) -> str:
    near = nearest(name, names)
    return f", did you mean {near}?" if near else f" (there are {', '.join(sorted(names))})"


def _check_pattern(source: _Source, key: str, pattern: str) -> None:
    from oncelint.patterns import is_pattern  # only where settings have patterns

    if not is_pattern(pattern):
        raise source.error(key, f"{pattern} is no pattern of .gitignore's")


def _value(source: _Source, key: str, value: Any, names: Names | None) -> Any:
    from oncelint.model.finding import CONFIDENCES, SEVERITIES  # only where there are settings

    if key in ("select", "ignore", "extend-select"):
        return _rules(source, key, value, names)
    if key == "exclude":
        patterns = _texts(source, key, value)
        for pattern in patterns:
            _check_pattern(source, key, pattern)
        return patterns
    if key in ("include-tests", "documents", "preview", "pedantic"):
        return _flag(source, key, value)
    if key in ("min-severity", "fail-on"):
        return _choice(source, key, value, SEVERITIES)
    if key == "min-confidence":
        return _choice(source, key, value, CONFIDENCES)
    if key == "max-file-size":
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise source.error(key, "must be a number of bytes above 0")
        return value
    if key == "extend":
        return value
    if key == "pipelines":
        return tuple(
            _pipeline(source, f"{key}[{index}]", item, index)
            for index, item in enumerate(_tables(source, key, value))
        )
    if key == "ignore-locations":
        return tuple(
            _location(source, f"{key}[{index}]", item, names)
            for index, item in enumerate(_tables(source, key, value))
        )
    table = _table(source, key, value)
    if key == "per-file-ignores":
        for pattern in table:
            _check_pattern(source, f"{key}.{pattern}", pattern)
        return tuple(
            (pattern, _rules(source, f"{key}.{pattern}", rules, names))
            for pattern, rules in table.items()
        )
    if key == "severity":
        for rule in table:
            _rule(source, f"{key}.{rule}", rule, names)
        return {
            rule: _choice(source, f"{key}.{rule}", level, SEVERITIES)
            for rule, level in table.items()
        }
    return {
        distribution: _text(source, f"{key}.{distribution}", version)
        for distribution, version in table.items()
    }


def _text(source: _Source, place: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise source.error(place, "must be a text in quotes")
    return value


def _texts(source: _Source, place: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise source.error(place, "must be a list of texts in quotes")
    return tuple(value)


def _flag(source: _Source, place: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise source.error(place, "must be true or false")
    return value


def _choice(source: _Source, place: str, value: Any, choices: Sequence[str]) -> str:
    if value not in choices:
        raise source.error(place, f"must be one of {', '.join(choices)}")
    return str(value)


def _table(source: _Source, place: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise source.error(place, "must be a table")
    return value


def _tables(source: _Source, place: str, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise source.error(place, "must be a list of tables")
    return value


def _rules(source: _Source, place: str, value: Any, names: Names | None) -> tuple[str, ...]:
    rules = _texts(source, place, value)
    for rule in rules:
        _rule(source, place, rule, names)
    return rules


def _rule(source: _Source, place: str, rule: str, names: Names | None) -> None:
    if names is None:
        return
    known = names()
    if rule not in known:
        near = nearest(rule, known)
        hint = f", did you mean {near}?" if near else ""
        raise source.error(place, f"there is no rule or group {rule}{hint}")


def _only(source: _Source, place: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise source.error(
                f"{place}.{key}", f"there is no such setting{_suggestion(key, known)}"
            )


def _pipeline(source: _Source, place: str, table: Mapping[str, Any], index: int) -> ExternalClient:
    from typing import cast  # only where there are pipelines

    _only(source, place, table, ("role", "topics", "transactional", "isolation-level"))
    role = _choice(source, f"{place}.role", table.get("role"), ("producer", "consumer"))
    topics = _texts(source, f"{place}.topics", table.get("topics"))
    if not topics:
        raise source.error(f"{place}.topics", "must name at least one topic")
    if role == "producer" and "isolation-level" in table:
        raise source.error(f"{place}.isolation-level", "only a consumer has an isolation level")
    if role == "consumer" and "transactional" in table:
        raise source.error(f"{place}.transactional", "only a producer is transactional")
    level = table.get("isolation-level")
    if level is not None:
        levels = ("read_committed", "read_uncommitted")
        level = _choice(source, f"{place}.isolation-level", level, levels)
    return ExternalClient(
        cast("Role", role),
        topics,
        _flag(source, f"{place}.transactional", table.get("transactional", False)),
        cast("IsolationLevel | None", level),
        source.path.name if source.path is not None else "",
        _header_line(source.text, index),
    )


def _header_line(text: str, index: int) -> int:
    """The 1-based line of the header of the pipeline at `index`; 1 when it has none."""
    import re  # only where there are pipelines

    header = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*oncelint\s*\.\s*)?pipelines\s*\]\]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]
    return lines[index] if index < len(lines) else 1


def _location(
    source: _Source, place: str, table: Mapping[str, Any], names: Names | None
) -> IgnoredLocation:
    _only(source, place, table, ("at", "rules", "reason"))
    at = _text(source, f"{place}.at", table.get("at"))
    path, hash_, pointer = at.partition("#")
    if not hash_ or not path or (pointer and not pointer.startswith("/")):
        raise source.error(f"{place}.at", 'must look like "file.json#/config/insert.mode"')
    rules = _rules(source, f"{place}.rules", table.get("rules"), names)
    if not rules:
        raise source.error(f"{place}.rules", "must name at least one rule")
    reason = _text(source, f"{place}.reason", table.get("reason"))
    return IgnoredLocation(path.removeprefix("./"), pointer, rules, reason)


def as_toml(settings: Settings) -> str:
    """The settings as an oncelint.toml that loads to the same settings.

    `extend` is left out, because what it brought is in here already.
    """
    scalars: list[str] = []
    tables: list[str] = []
    for item in fields(settings):
        if item.name in ("extend", "sources", "notes"):
            continue
        key, value = item.name.replace("_", "-"), getattr(settings, item.name)
        if item.name == "per_file_ignores":
            tables += _toml_table(key, dict(value))
        elif item.name in ("severity", "clients"):
            tables += _toml_table(key, value)
        elif item.name == "pipelines":
            for client in value:
                tables += _toml_pipeline(client)
        elif item.name == "ignore_locations":
            for location in value:
                at = f"{location.path}#{location.pointer}"
                entry = {"at": at, "rules": location.rules, "reason": location.reason}
                tables += ["", f"[[{key}]]", *_toml_entries(entry)]
        else:
            scalars += _toml_entries({key: value})
    return "\n".join(scalars + tables) + "\n"


def _toml_pipeline(client: ExternalClient) -> list[str]:
    entry: dict[str, Any] = {"role": client.role, "topics": client.topics}
    if client.role == "producer":
        entry["transactional"] = client.transactional
    elif client.isolation_level is not None:
        entry["isolation-level"] = client.isolation_level
    return ["", "[[pipelines]]", *_toml_entries(entry)]


def _toml_table(name: str, table: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *_toml_entries(table)] if table else []


def _toml_entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{_toml_key(key)} = {_toml_value(value)}" for key, value in table.items()]


def _toml_key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _toml_value(key)


def _toml_value(value: Any) -> str:
    import json  # a JSON text is a TOML basic string, but for DEL

    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
