"""setup.py and setup.cfg, as setuptools documents them. setup.py is read, never executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from oncelint.dependencies import DependencyError, pep508
from oncelint.dependencies.requirements import of_line
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:[#;].*)?")
_OPTION = re.compile(r"([^\s=:#;\[][^=:]*?)\s*[=:]\s*")
_CFG_LINE = re.compile(r"[^\r\n]*")
_KEYWORDS = ("install_requires", "extras_require", "tests_require")


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The requirements in setup.py or setup.cfg, told apart by the file's name.

    Raises DependencyError for a setup.py that is not Python.
    """
    return _setup_py(text) if text.path.lower().endswith(".py") else _setup_cfg(text)


def _setup_cfg(text: SourceText) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    for line, offset in _cfg_requirement_lines(text.text):
        found.extend(of_line(text, line, offset))
    return tuple(found)


def _cfg_requirement_lines(source: str) -> Iterator[tuple[str, int]]:
    section = option = ""
    for match in _CFG_LINE.finditer(source):
        line, offset = match.group(), match.start()
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        if line[0] in " \t":
            if _wanted_option(section, option):
                yield line, offset
            continue
        header = _SECTION.fullmatch(line)
        if header is not None:
            section, option = header.group(1).strip(), ""
            continue
        key = _OPTION.match(line)
        option = key.group(1).strip().lower() if key is not None else ""
        if key is not None and _wanted_option(section, option) and key.end() < len(line):
            yield line[key.end() :], offset + key.end()


def _wanted_option(section: str, option: str) -> bool:
    if section == "options.extras_require":
        return option != ""
    return section == "options" and option in _KEYWORDS


def _setup_py(text: SourceText) -> tuple[Requirement, ...]:
    tree = _parse(text)
    names = _module_names(tree)
    found: list[Requirement] = []
    places = _Places(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_setup(node.func):
            for value in _setup_values(node, names):
                for literal in _strings(value, names):
                    found.extend(places.requirements(literal))
    return tuple(found)


def _parse(text: SourceText) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # A stray escape in somebody's string is no concern of ours.
            warnings.simplefilter("ignore")
            return ast.parse(text.text)
    except SyntaxError as error:
        line = max(error.lineno or 1, 1)
        starts = text.starts
        raise DependencyError(
            f"not Python: {error.msg}", starts[min(line, len(starts)) - 1]
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DependencyError(f"not Python: {error}") from None


def _is_setup(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "setup"
    return isinstance(function, ast.Attribute) and function.attr == "setup"


def _module_names(tree: ast.Module) -> dict[str, tuple[ast.expr, ...]]:
    """What each simple name of the module is assigned, a name's several values in order.

    `NAME += [...]`, `NAME.append(...)` and `NAME["extra"] = [...]` add a value.
    """
    names: dict[str, tuple[ast.expr, ...]] = {}
    for node in ast.walk(tree):
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            target, value = node.target, node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend", "update")
            and len(node.args) == 1
        ):
            target, value = node.func.value, node.args[0]
        if isinstance(target, ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name) and value is not None:
            names[target.id] = (*names.get(target.id, ()), value)
    return names


def _setup_values(call: ast.Call, names: dict[str, tuple[ast.expr, ...]]) -> Iterator[ast.expr]:
    """The expressions handed to the requirement keywords, by name or through `**config`."""
    for keyword in call.keywords:
        if keyword.arg in _KEYWORDS:
            yield keyword.value
        elif keyword.arg is None:
            spread = [keyword.value]
            if isinstance(keyword.value, ast.Name):
                spread = list(names.get(keyword.value.id, ()))
            for value in spread:
                yield from _spread_values(value)


def _spread_values(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in _KEYWORDS:
                yield item
    elif (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict"
    ):
        yield from (item.value for item in value.keywords if item.arg in _KEYWORDS)


def _strings(value: ast.expr, names: dict[str, tuple[ast.expr, ...]]) -> Iterator[ast.Constant]:
    """The string literals an expression is made of, through lists, sums, dictionaries and names.

    A name is followed once; not recursive, so that depth is no danger.
    """
    followed: set[str] = set()
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            stack.extend(node.elts)
        elif isinstance(node, ast.Dict):
            stack.extend(node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            stack.extend((node.left, node.right))
        elif isinstance(node, ast.Starred):
            stack.append(node.value)
        elif isinstance(node, ast.IfExp):
            stack.extend((node.body, node.orelse))
        elif isinstance(node, ast.Name) and node.id not in followed:
            followed.add(node.id)
            stack.extend(names.get(node.id, ()))


class _Places:
    """Offsets of `ast` nodes, whose columns count UTF-8 bytes and whose lines split at form feeds
    no more than ours do."""

    def __init__(self, text: SourceText) -> None:
        self._text = text

    def _offset(self, line: int, column: int) -> int:
        start = self._text.starts[line - 1]
        if self._text.text.isascii():
            return start + column
        end = self._text.starts[line] if line < len(self._text.starts) else len(self._text.text)
        encoded = self._text.text[start:end].encode("utf-8", "surrogatepass")
        return start + len(encoded[:column].decode("utf-8", "replace"))

    def requirements(self, literal: ast.Constant) -> tuple[Requirement, ...]:
        """The requirements in one string literal, which may hold several lines.

        Where the literal's characters do not stand in the file as they are (an escape, two
        literals side by side), the whole literal is the place.
        """
        value = str(literal.value)
        start = self._offset(literal.lineno, literal.col_offset)
        end = self._offset(literal.end_lineno or literal.lineno, literal.end_col_offset or 0)
        raw = self._text.text[start:end]
        opening = re.match(r"[rRuU]?(?:'''|\"\"\"|'|\")", raw)
        inner = opening.end() if opening is not None else 0
        verbatim = raw[inner : inner + len(value)] == value
        found: list[Requirement] = []
        for match in _CFG_LINE.finditer(value):
            named = pep508.parse(match.group())
            if named is None:
                continue
            if verbatim:
                offset = start + inner + match.start()
                found.extend(pep508.requirements(self._text, named, offset))
            else:
                whole = pep508.Named(named.name, named.extras, named.specifier, start, end)
                found.extend(pep508.requirements(self._text, whole))
        return tuple(found)
