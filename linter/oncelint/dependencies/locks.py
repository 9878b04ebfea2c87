"""Lock files: poetry.lock, uv.lock, pdm.lock, pylock.toml (PEP 751), Pipfile.lock, and conda's
environment.yml, which is one when it is exact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.dependencies import DependencyError, pep508
from oncelint.dependencies.interest import CONDA, PYTHON, normalise
from oncelint.dependencies.trees import (
    entries,
    find,
    items,
    place,
    requirement,
    root,
    span_of,
    string,
)
from oncelint.formats.tree import Scalar
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_PACKAGE = re.compile(r"^\[\[(packages?)\]\][ \t]*$", re.MULTILINE)
_TABLE = re.compile(r"^\[", re.MULTILINE)
_VERSION = re.compile(r"^version[ \t]*=[ \t]*([\"'])(?P<version>[^\"'\r\n]*)\1", re.MULTILINE)
_TOML_PLACE = re.compile(r"line (\d+), column (\d+)")
# name, name=1.2, name=1.2=build, name==1.2, name>=1.2; a channel stands before `::`.
_CONDA = re.compile(
    r"\s*(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_.-]+)\s*"
    r"(?P<constraint>(?P<operator>==|=)\s*(?P<version>[0-9][A-Za-z0-9_.+!]*)(?P<wild>\.\*|\*)?"
    r"(?P<build>=[^\s=]+)?|[<>!~][^\s]*(?:\s*,\s*[^\s]+)*)?\s*"
)


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The locked versions of interest, told apart by the file's name.

    Raises DependencyError when the file is not TOML, JSON or YAML as its name says.
    """
    name = text.path.lower().rpartition("/")[2]
    if name == "pipfile.lock":
        return tuple(_pipfile_lock(text))
    if name.endswith((".yml", ".yaml")):
        return tuple(_environment(text))
    return tuple(_toml_lock(text))


def _toml_lock(text: SourceText) -> Iterator[Requirement]:
    """poetry.lock and its kin: machine-written, one `[[package]]` after the other.

    The values are read by a TOML parser. The places are found by line, since these files are
    long, of one shape, and a tree with the place of every hash in them costs many times as much.
    """
    packages = _packages(text)
    headers = list(_PACKAGE.finditer(text.text))
    for index, (name, version) in enumerate(packages):
        if name not in PYTHON or version is None:
            continue
        if len(headers) != len(packages):
            raise DependencyError("packages are not laid out as a lock file's are")
        start, end = _version_place(text.text, headers[index], version)
        yield Requirement(name, f"=={version}", text.span(start, end), locked=True)


def _version_place(source: str, header: re.Match[str], version: str) -> tuple[int, int]:
    table = _TABLE.search(source, header.end())
    written = _VERSION.search(source, header.end(), table.start() if table else len(source))
    if written is None or written["version"] != version:
        return header.span()
    return written.span("version")


def _packages(text: SourceText) -> list[tuple[str, str | None]]:
    """Each package's normalised name and version, in file order."""
    import tomli  # only projects with a lock file pay for it

    try:
        document = tomli.loads(text.text)
    except tomli.TOMLDecodeError as error:
        raise DependencyError(f"not TOML: {error}", _toml_offset(text, str(error))) from None
    except (RecursionError, ValueError) as error:
        raise DependencyError(f"not TOML: {error}") from None
    listed = document.get("packages", document.get("package"))
    found: list[tuple[str, str | None]] = []
    for package in listed if isinstance(listed, list) else ():
        name = package.get("name") if isinstance(package, dict) else None
        version = package.get("version") if isinstance(package, dict) else None
        found.append(
            (
                normalise(name) if isinstance(name, str) else "",
                version if isinstance(version, str) and version else None,
            )
        )
    return found


def _toml_offset(text: SourceText, message: str) -> int:
    match = _TOML_PLACE.search(message)
    if match is None:
        return len(text.text) if "end of document" in message else 0
    # tomli counts lines by LF alone.
    offset = 0
    for _ in range(int(match.group(1)) - 1):
        offset = text.text.find("\n", offset) + 1
    return min(offset + int(match.group(2)) - 1, len(text.text))


def _pipfile_lock(text: SourceText) -> Iterator[Requirement]:
    for section in root("json", text).entries:
        if section.key.text == "_meta":
            continue
        for package in entries(section.value):
            name = normalise(package.key.text)
            version = find(package.value, "version")
            if name not in PYTHON:
                continue
            value = string(version)
            if value is None or not isinstance(version, Scalar):
                named = pep508.Named(name, (), "", *span_of(text, package.key))
            else:
                specifier = pep508.specifier_text(value)
                named = pep508.Named(name, (), specifier, *span_of(text, version))
            yield from pep508.requirements(text, named, locked=named.specifier.startswith("=="))


def _environment(text: SourceText) -> Iterator[Requirement]:
    for item in items(find(root("yaml", text), "dependencies")):
        if isinstance(item, Scalar):
            yield from _conda(text, item)
            continue
        for line in items(find(item, "pip")):
            for found in requirement(text, line):
                exact = _is_exact(found.specifier)
                yield Requirement(found.distribution, found.specifier, found.span, exact)


def _conda(text: SourceText, item: Scalar) -> Iterator[Requirement]:
    """A conda match specification: `name=1.2` admits everything below 1.2, `==` or a build string
    is exact (conda documentation, "Package match specifications")."""
    match = _CONDA.fullmatch(item.text)
    if match is None:
        return
    name = normalise(match["name"])
    name = CONDA.get(name, name)
    version, constraint = match["version"], match["constraint"]
    if version is not None:
        fuzzy = match["wild"] is not None or (match["operator"] == "=" and match["build"] is None)
        specifier = f"=={version}.*" if fuzzy else f"=={version}"
    else:
        parsed = pep508.parse(f"x{constraint}") if constraint and "|" not in constraint else None
        specifier = parsed.specifier if parsed is not None else ""
    group = "constraint" if constraint else "name"
    start, verbatim = place(text, item)
    offsets = (start + match.start(group), start + match.end(group))
    if not verbatim:
        offsets = (item.start, item.end)
    named = pep508.Named(name, (), specifier, *offsets)
    yield from pep508.requirements(text, named, locked=_is_exact(specifier))


def _is_exact(specifier: str) -> bool:
    return re.fullmatch(r"={2,3}[^,*]+", specifier) is not None
