"""Which versions of a client library a piece of code may run with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal, TypeAlias

from oncelint.dependencies import REQUIREMENT_FOLDERS, reader_for
from oncelint.dependencies.interest import MANAGED, PROJECT, PROPERTY
from oncelint.dependencies.jvm import reference
from oncelint.model import versions as ordering
from oncelint.model.facts import Requirement
from oncelint.model.values import Span

Source: TypeAlias = Literal["lock", "pin", "range", "none"]

_RANKS: tuple[Source, ...] = ("lock", "pin", "range", "none")
_PIN = re.compile(r"={2,3}(?P<version>[^,*=<>!~\s]+)")
_CLAUSE = re.compile(r"(?:~=|==|<=|>=)([0-9][0-9.]*?)(?:\.\*)?(?=,|$)")
# What Java projects append to a release's number without releasing something else.
_BUILD = re.compile(r"[.-](?:Final|RELEASE|GA|redhat-.*|cp\d+.*)")
_CHAIN = 10
# Where Gradle's convention plugins are kept: what they are built with, the project is built with.
_OF_THE_BUILD = frozenset({"buildSrc", "build-logic"})


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a project's files say of the version of one client library at one place.

    `versions` are the possible members of the dialect table's list, ascending; a pinned version
    that is not in the table stands for itself, and so does the bound of a range that holds none
    of the table. They are empty only when the range excludes the whole table and names no version
    of its own. `exact` when there is one and a lock or pin says so. `spec` is the constraint that
    decided and `span` its place: of a library named without a version the name's, and None when
    nothing names it. `conflicting` when files of equal weight disagree. `elsewhere` when no folder
    above the code names the library, and all the files of other folders agree.
    """

    versions: tuple[str, ...]
    exact: bool
    span: Span | None
    spec: str
    source: Source
    conflicting: bool
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class _Statement:
    """A requirement with what places it: the folder it speaks for, and whether it speaks with
    the weight of the folder's own dependency file."""

    folder: str
    direct: bool
    path: str
    distribution: str
    specifier: str
    span: Span
    locked: bool

    @property
    def rank(self) -> int:
        if self.locked:
            return 0
        if _PIN.fullmatch(self.specifier):
            return 1
        return 2 if self.specifier else 3


Memory: TypeAlias = "dict[str, list[_Statement]]"
"""What a project's files say of each distribution that was asked for."""


def resolve(
    requirements: Mapping[str, tuple[Requirement, ...]],
    site_path: str,
    distribution: str,
    versions: Sequence[str],
    memory: Memory | None = None,
) -> Knowledge:
    """The versions of `distribution` that code in the file `site_path` may run with.

    `requirements` are the facts of each dependency file by its path, `versions` the dialect
    table's own. The nearest folder above the code decides that has a file naming the
    distribution; there a lock beats a pin, a pin a range, and a range the bare name, and what is
    equal is united. A uv.lock further up narrows a range, because a workspace has one lock. A
    Java dependency without a version has that of the parent pom, or of the Gradle files further
    up. When no folder above the code names the distribution, the project's other files decide if
    they all agree. `memory` is kept between calls with the same requirements.
    """
    named = _statements(requirements, distribution, memory)
    near = _nearest(named, site_path)
    decisive = near or _agreed(named)
    if not decisive:
        return Knowledge(_ascending(versions), False, None, "", "none", False)
    found = _knowledge(decisive, versions)
    return found if near else replace(found, elsewhere=True)


def resolve_distribution(
    requirements: Mapping[str, tuple[Requirement, ...]],
    site_path: str,
    candidates: Sequence[str],
    memory: Memory | None = None,
) -> tuple[str, ...]:
    """Which of several distributions that import under the same name the code's project installs.

    The nearest folder above the code that names one decides; when none does, the whole project
    if it names exactly one. All candidates when that leaves them open.
    """
    named = [item for name in candidates for item in _statements(requirements, name, memory)]
    for folder in _folders(site_path):
        here = {item.distribution for item in named if item.folder == folder}
        if here:
            return tuple(name for name in candidates if name in here)
    everywhere = {item.distribution for item in named}
    return tuple(everywhere) if len(everywhere) == 1 else tuple(candidates)


def deployment_unit(path: str, unit_files: Collection[str]) -> str:
    """The nearest folder above the file `path` that one of `unit_files` (paths for which
    `is_unit_file` holds) belongs to; the root, which is an empty text, when none does."""
    homes = _homes(tuple(unit_files))
    return next((folder for folder in _folders(path) if folder in homes), "")


@lru_cache(maxsize=2)  # asked for one project, once for every client and table in it
def _homes(unit_files: tuple[str, ...]) -> frozenset[str]:
    return frozenset(home(name) for name in unit_files)


@cache
def home(path: str) -> str:
    """The folder a dependency file speaks for: its own, but for the parts of a project that are
    kept in a folder of their own (`requirements/base.txt`, `gradle/libs.versions.toml`)."""
    parts = path.split("/")[:-1]
    name = path.rpartition("/")[2].lower()
    if reader_for(path) == "requirements":
        depth = next(
            (i for i, part in enumerate(parts) if part.lower() in REQUIREMENT_FOLDERS), len(parts)
        )
        return "/".join(parts[:depth])
    is_part = name.endswith(".versions.toml") or (
        name.endswith((".gradle", ".gradle.kts")) and not name.startswith(("build.", "settings."))
    )
    within = parts[-1] if parts and reader_for(path) == "gradle" else ""
    if within in _OF_THE_BUILD or (is_part and within == "gradle"):
        parts.pop()
    return "/".join(parts)


def _folders(path: str) -> Iterator[str]:
    """The folders around a file, nearest first; the root, an empty text, last."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _statements(
    requirements: Mapping[str, tuple[Requirement, ...]], distribution: str, memory: Memory | None
) -> list[_Statement]:
    """What the project's files say of one distribution, in the order of their paths."""
    if memory is not None and distribution in memory:
        return memory[distribution]
    found: list[_Statement] = []
    for path in sorted(requirements):
        for item in requirements[path]:
            if item.distribution != distribution:
                continue
            folder = home(path)
            direct = folder == path.rpartition("/")[0] and reader_for(path) != "script"
            specifier, span = _settled(requirements, path, item, 0)
            found.append(
                _Statement(folder, direct, path, distribution, specifier, span, item.locked)
            )
    if memory is not None:
        memory[distribution] = found
    return found


def _settled(
    requirements: Mapping[str, tuple[Requirement, ...]], path: str, item: Requirement, depth: int
) -> tuple[str, Span]:
    """The specifier and its place, looked up where another file has it: the property a version
    refers to, or what is managed above. Where that is unknown the specifier is empty."""
    if "$" not in item.specifier:
        return item.specifier, item.span
    name = reference(item.specifier)
    for other in _above(requirements, path) if name is not None and depth < _CHAIN else ():
        for fact in requirements[other]:
            if item.specifier == MANAGED:
                matches = fact.distribution == item.distribution
            else:
                matches = _is_property(fact.distribution, name or "")
            if matches and fact.specifier not in ("", MANAGED):
                specifier, span = _settled(requirements, other, fact, depth + 1)
                if specifier:
                    return specifier, span
    return "", item.span


def _above(requirements: Mapping[str, tuple[Requirement, ...]], path: str) -> list[str]:
    """The files that lend a build file their properties and versions, nearest first: a pom's
    parents by name, wherever they lie; for Gradle the files of the folders around it."""
    if not _is_pom(path):
        return [
            other
            for folder in _folders(path)
            for other in sorted(requirements)
            if home(other) == folder and reader_for(other) == "gradle"
        ]
    poms: dict[str, list[tuple[str, str]]] = {}
    for other, facts in requirements.items():
        for fact in facts:
            if fact.distribution.startswith(PROJECT):
                name = fact.distribution.removeprefix(PROJECT)
                poms.setdefault(name, []).append((other, fact.specifier))
    parent = next((up for named in poms.values() for own, up in named if own == path), "")
    found: list[str] = []
    while len(poms.get(parent, ())) == 1 and len(found) < _CHAIN:
        (place, parent), *_ = poms[parent]
        found.append(place)
    return found


def _is_pom(path: str) -> bool:
    return reader_for(path) == "maven"


def _is_property(distribution: str, name: str) -> bool:
    """Whether this is the property `name`; the accessor of a catalog's alias has dots for its
    dashes."""
    if not distribution.startswith(PROPERTY):
        return False
    own = distribution.removeprefix(PROPERTY)
    return own == name or re.sub(r"[-_]", ".", own) == name


def _nearest(named: Sequence[_Statement], site_path: str) -> list[_Statement]:
    for folder in _folders(site_path):
        here = [item for item in named if item.folder == folder]
        if here:
            best = _best(here)
            return _workspace_lock(named, folder, best) or best + _beside(here, best)
    return []


def _best(statements: Sequence[_Statement]) -> list[_Statement]:
    """The statements of the highest rank; among them those of the folder's own files first."""
    rank = min(item.rank for item in statements)
    best = [item for item in statements if item.rank == rank]
    return [item for item in best if item.direct] or best


def _beside(here: Sequence[_Statement], best: Sequence[_Statement]) -> list[_Statement]:
    """The ranges that contradict the pins of their own file: under another marker or in another
    extra, they hold as well as those do."""
    if best[0].rank != 1:
        return []
    paths = {item.path for item in best}
    return [
        item
        for item in here
        if item.rank == 2
        and item.path in paths
        and not any(_admits(item.specifier, _pinned(pin)) for pin in best)
    ]


def _workspace_lock(
    named: Sequence[_Statement], folder: str, best: Sequence[_Statement]
) -> list[_Statement]:
    """What the uv.lock of an enclosing workspace makes of a member's range."""
    if best[0].rank < 2:
        return []
    for outer in _folders(folder):
        locked = [
            item
            for item in named
            if item.folder == outer
            and item.path.rpartition("/")[2] == "uv.lock"
            and any(_admits(other.specifier, _pinned(item)) for other in best)
        ]
        if locked:
            return locked
    return []


def _agreed(named: Sequence[_Statement]) -> list[_Statement]:
    """The statements that decide when all of the project's files agree, else none."""
    if not named:
        return []
    best = _best(named)
    constraints = {item.specifier for item in best}
    if len(constraints) > 1:
        return []
    if best[0].rank < 2 and not all(_agrees(item, _pinned(best[0])) for item in named):
        return []
    return best


def _agrees(statement: _Statement, version: str) -> bool:
    if statement.rank < 2:
        return _pinned(statement) == version or _same(_pinned(statement), version)
    return not statement.specifier or _admits(statement.specifier, version)


def _pinned(statement: _Statement) -> str:
    match = _PIN.fullmatch(statement.specifier)
    return match["version"] if match is not None else ""


def _knowledge(decisive: Sequence[_Statement], versions: Sequence[str]) -> Knowledge:
    specifiers = tuple(dict.fromkeys(item.specifier for item in decisive))
    known = tuple(versions)
    possible = [_possible(specifier, known) for specifier in specifiers]
    source = _RANKS[decisive[0].rank]
    if source in ("range", "none") and None in possible:
        source = "none"
    sets = [frozenset(versions if each is None else each) for each in possible]
    united = _ascending(frozenset().union(*sets))
    pinned = source in ("lock", "pin")
    conflicting = (
        len(united) > 1 if pinned else source == "range" and not frozenset.intersection(*sets)
    )
    return Knowledge(
        united,
        pinned and len(united) == 1,
        decisive[0].span,
        " or ".join(specifiers),
        source,
        conflicting and len(specifiers) > 1,
    )


@lru_cache(maxsize=512)  # many places of a project say the same
def _possible(specifier: str, versions: tuple[str, ...]) -> tuple[str, ...] | None:
    """The versions a specifier admits; None when it says nothing that is understood."""
    pin = _PIN.fullmatch(specifier)
    if pin is not None:
        return (_of_table(pin["version"], versions),)
    if not specifier or not _is_valid(specifier):
        return None
    admitted = tuple(version for version in versions if _admits(specifier, version))
    if admitted:
        return admitted
    bounds = (match.group(1) for match in _CLAUSE.finditer(specifier))
    return tuple(bound for bound in bounds if _admits(specifier, bound))


def _of_table(pinned: str, versions: Sequence[str]) -> str:
    """The table's spelling of a pinned version, or the version itself when the table lacks it."""
    if pinned in versions:
        return pinned
    number = _BUILD.sub("", pinned)
    for version in versions:
        if _same(version, number):
            return version
    return pinned


def _same(left: str, right: str) -> bool:
    from packaging.version import InvalidVersion, Version  # only for versions spelled differently

    try:
        return Version(left).public == Version(right).public or Version(left) == Version(right)
    except InvalidVersion:
        return False


def _is_valid(specifier: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # pins do without it

    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    return True


def _admits(specifier: str, version: str) -> bool:
    """Whether a version lies in a range, as pip decides it; anything does in one that is not
    understood."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # pins do without it
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=False)
    except InvalidSpecifier:
        return True
    except InvalidVersion:
        return False


def _ascending(versions: Iterable[str]) -> tuple[str, ...]:
    return _in_order(frozenset(versions))


@lru_cache(maxsize=512)
def _in_order(versions: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(versions, key=lambda version: (ordering.key(version), version)))
