"""Configuration files written in another format, or in another place of one, that says the same."""

from __future__ import annotations

import configparser
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import javaproperties
import tomli
import yaml

Tree: TypeAlias = "dict[str, Any]"

_KINDS = {
    ".properties": "properties",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ini": "ini",
    ".cfg": "ini",
}
_ENDINGS = {
    "properties": ".properties",
    "yaml": ".yaml",
    "json": ".json",
    "toml": ".toml",
    "ini": ".ini",
}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Written:
    """A configuration file: its folder, stem and ending, its kind and what it says."""

    folder: str
    stem: str
    ending: str
    kind: str
    tree: Tree

    def named(self, kind: str) -> str:
        """The file's name in a format; in its own format it keeps it."""
        ending = self.ending if kind == self.kind else _ENDINGS[kind]
        return posixpath.join(self.folder, self.stem + ending)

    @property
    def is_flat(self) -> bool:
        return not any(isinstance(value, dict) for value in self.tree.values())


class _Duplicate(Exception):
    """A key is written twice: which one counts is the formats' own affair."""


def read(path: str, text: str) -> Written | None:
    """What a file says; None for what has no counterpart in the other formats (comments for
    oncelint, keys written twice, anchors, several documents, lists of mappings)."""
    folder, name = posixpath.split(path)
    stem, ending = posixpath.splitext(name)
    kind = _KINDS.get(ending)
    if kind is None or "oncelint:" in text:
        return None
    try:
        tree = _READERS[kind](text)
    except (ValueError, yaml.YAMLError, configparser.Error, _Duplicate):
        return None
    if not isinstance(tree, dict) or not _plain(tree):
        return None
    return Written(folder, stem, ending, kind, tree)


def _plain(tree: Mapping[Any, Any]) -> bool:
    def scalar(value: object) -> bool:
        return isinstance(value, (str, bool, int, float))

    return all(
        isinstance(key, str)
        and (
            scalar(value)
            or (isinstance(value, dict) and _plain(value))
            or (isinstance(value, list) and all(scalar(item) for item in value))
        )
        for key, value in tree.items()
    )


def _read_properties(text: str) -> Tree:
    if re.search(r"^\s*\[", text, re.M):
        raise ValueError("sections under a .properties name")
    items = javaproperties.parse(text)
    return _once((item.key, item.value) for item in items if hasattr(item, "key"))


def _once(pairs: Iterable[tuple[str, Any]]) -> Tree:
    result: Tree = {}
    for key, value in pairs:
        if key in result:
            raise _Duplicate(key)
        result[key] = value
    return result


def _read_yaml(text: str) -> Tree:
    if re.search(r"(?:^|[\s:-])[&*]\w|<<\s*:|^---\s*$(?!\A)", text, re.M):
        raise ValueError("anchors, merge keys or several documents")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    _no_duplicates(node)
    loaded = yaml.safe_load(text)
    return loaded if isinstance(loaded, dict) else {"": None}


def _no_duplicates(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        _once((str(key.value), None) for key, _ in node.value)
        for _, value in node.value:
            _no_duplicates(value)


def _read_json(text: str) -> Tree:
    loaded = json.loads(text, object_pairs_hook=_once)
    return loaded if isinstance(loaded, dict) else {"": None}


def _read_toml(text: str) -> Tree:
    return tomli.loads(text)


def _read_ini(text: str) -> Tree:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    if parser.defaults():
        raise ValueError("defaults for every section")
    return {section: dict(parser.items(section)) for section in parser.sections()}


_READERS: dict[str, Callable[[str], Tree]] = {
    "properties": _read_properties,
    "yaml": _read_yaml,
    "json": _read_json,
    "toml": _read_toml,
    "ini": _read_ini,
}

# Writing ------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return str(value)


def _typed(value: Any) -> Any:
    """Text as the number or boolean that a typed format writes for it."""
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, str) and _NUMBER.fullmatch(value) and len(value) < 16:
        return int(value)
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    return value


def to_properties(tree: Tree) -> str:
    return "".join(
        f"{_escaped(key)}={javaproperties.escape(_text(value))}\n" for key, value in tree.items()
    )


def _escaped(key: str) -> str:
    return str(javaproperties.escape(key))


def to_yaml(tree: Tree) -> str:
    return _yaml(tree, flow=False)


def to_flow_yaml(tree: Tree) -> str:
    return _yaml(tree, flow=True)


def _yaml(tree: Tree, *, flow: bool) -> str:
    text = yaml.dump(
        _typed(tree), Dumper=_Dumper, sort_keys=False, default_flow_style=flow, width=1000
    )
    return str(text)


class _Dumper(yaml.SafeDumper):
    """Text of several lines, which may be a document of its own, stays a block."""


def _represented(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represented)


def to_json(tree: Tree) -> str:
    return json.dumps(tree, indent=2) + "\n"


def to_toml(tree: Tree) -> str:
    """Scalars first, then a table for each mapping."""
    return "\n".join(_toml_lines(_typed(tree), ())) + "\n"


def _toml_lines(tree: Tree, trail: tuple[str, ...]) -> Iterable[str]:
    if trail:
        yield "[" + ".".join(json.dumps(part) for part in trail) + "]"
    for key, value in tree.items():
        if not isinstance(value, dict):
            yield f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _toml_lines(value, (*trail, key))


def to_ini(tree: Tree) -> str:
    lines = []
    for section, settings in tree.items():
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {_text(value)}" for key, value in settings.items())
    return "\n".join(lines) + "\n"


# Rewritings ---------------------------------------------------------------------------------------

Rewriting: TypeAlias = "Callable[[Written], dict[str, str] | None]"
"""From what a file says to the files that say the same; None when the form cannot."""


def _in(kind: str, write: Callable[[Tree], str], *, flat: bool = False) -> Rewriting:
    def rewrite(written: Written) -> dict[str, str] | None:
        if written.kind == kind or (flat and not written.is_flat):
            return None
        return {written.named(kind): write(written.tree)}

    return rewrite


def _nested(kind: str, write: Callable[[Tree], str]) -> Rewriting:
    """The file's settings under keys, the inner one the file's name, which may tell the role."""

    def rewrite(written: Written) -> dict[str, str] | None:
        if not written.is_flat:
            return None
        return {written.named(kind): write({"kafka": {written.stem: written.tree}})}

    return rewrite


def ini_section(written: Written) -> dict[str, str] | None:
    """The section of an INI file that bears the file's name."""
    if written.is_flat:
        tree: Tree = {written.stem: written.tree}
    elif all(isinstance(value, dict) and _is_flat(value) for value in written.tree.values()):
        tree = written.tree
    else:
        return None
    if any("\n" in _text(value) for section in tree.values() for value in section.values()):
        return None
    return {written.named("ini"): to_ini(tree)} if written.kind != "ini" else None


def sections_as_files(written: Written) -> dict[str, str] | None:
    """Each section of an INI file, or inner mapping, as a .properties file of its name."""
    if written.is_flat or not all(
        isinstance(v, dict) and _is_flat(v) for v in written.tree.values()
    ):
        return None
    return {
        posixpath.join(written.folder, f"{name}.properties"): to_properties(tree)
        for name, tree in written.tree.items()
    }


def reversed_order(written: Written) -> dict[str, str] | None:
    """The same file, its settings in the reverse order."""
    tree = dict(reversed(list(written.tree.items())))
    return {written.named(written.kind): _WRITERS[written.kind](tree)}


def _is_flat(tree: Tree) -> bool:
    return not any(isinstance(value, dict) for value in tree.values())


_WRITERS: dict[str, Callable[[Tree], str]] = {
    "properties": to_properties,
    "yaml": to_yaml,
    "json": to_json,
    "toml": to_toml,
    "ini": to_ini,
}

CLIENT: dict[str, Rewriting] = {
    "as .properties": _in("properties", to_properties, flat=True),
    "as YAML": _in("yaml", to_yaml),
    "as YAML in flow style": lambda written: {written.named("yaml"): to_flow_yaml(written.tree)},
    "as JSON": _in("json", to_json),
    "as TOML": _in("toml", to_toml),
    "as INI": ini_section,
    "nested in YAML": _nested("yaml", to_yaml),
    "nested in JSON": _nested("json", to_json),
    "nested in TOML": _nested("toml", to_toml),
    "sections as files": sections_as_files,
    "in the reverse order": reversed_order,
}


# Connectors ---------------------------------------------------------------------------------------


def connector(written: Written) -> tuple[str, Tree] | None:
    """The name and the settings of a file that is one connector."""
    tree = written.tree
    if set(tree) == {"name", "config"} and isinstance(tree["config"], dict):
        config = {key: value for key, value in tree["config"].items() if key != "name"}
        return (str(tree["name"]), config) if _is_flat(config) else None
    if "connector.class" in tree and written.is_flat:
        config = {key: value for key, value in tree.items() if key != "name"}
        return str(tree.get("name", written.stem)), config
    return None


def _connector(kind: str, write: Callable[[Tree], str], *, wrapped: bool) -> Rewriting:
    def rewrite(written: Written) -> dict[str, str] | None:
        found = connector(written)
        if found is None:
            return None
        name, config = found
        tree = {"name": name, "config": config} if wrapped else {"name": name, **config}
        return {written.named(kind): write(tree)}

    return rewrite


CONNECTOR: dict[str, Rewriting] = {
    "{name, config}": _connector("json", to_json, wrapped=True),
    "flat JSON": _connector("json", to_json, wrapped=False),
    "standalone .properties": _connector("properties", to_properties, wrapped=False),
    "{name, config} in YAML": _connector("yaml", to_yaml, wrapped=True),
    "flat YAML": _connector("yaml", to_yaml, wrapped=False),
}
