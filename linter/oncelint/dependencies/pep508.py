"""One Python requirement, written as PEP 508 has it or as pip and Poetry stretch it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oncelint.dependencies.interest import EXTRAS, PYTHON, normalise
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_NAME = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]\r\n]*)\])?"
)
_CLAUSE = r"(?:===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9_.*+!-]+"
_CONSTRAINT = re.compile(rf"\s*\(?\s*(?P<constraint>{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)\s*,?\s*\)?\s*")
_LINK = re.compile(r"\s*(?:[A-Za-z0-9+.-]+://|git\+|\.{0,2}/)")
_EGG = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]\r\n]*)\])?")
_ORDERED_WILDCARD = re.compile(r"^(<=|>=|<|>)(.*?)(?:\.\*)+$")


@dataclass(frozen=True, slots=True)
class Named:
    """A requirement's parts; `start` and `end` are offsets in the text that was parsed, of the
    constraint or else of the name."""

    name: str
    extras: tuple[str, ...]
    specifier: str
    start: int
    end: int


def parse(source: str, start: int = 0, end: int | None = None) -> Named | None:
    """The requirement that stands in `source[start:end]`, or None when no name does.

    A direct reference (`name @ url`, `git+https://…#egg=name`) has no constraint, since what the
    address holds is not known. So has one whose constraint is not valid.
    """
    end = len(source) if end is None else end
    if _LINK.match(source, start, end) is not None:
        egg = _EGG.search(source, start, end)
        return _named(egg, "", egg.start("name"), egg.end("name")) if egg is not None else None
    name = _NAME.match(source, start, end)
    if name is None:
        return None
    constraint = _CONSTRAINT.match(source, name.end(), end)
    if constraint is None or source[constraint.end() : end][:1] not in ("", ";"):
        return _named(name, "", name.start("name"), name.end("name"))
    specifier = specifier_text(constraint["constraint"])
    return _named(name, specifier, constraint.start("constraint"), constraint.end("constraint"))


def _named(match: re.Match[str], specifier: str, start: int, end: int) -> Named:
    extras = (normalise(extra.strip()) for extra in (match["extras"] or "").split(","))
    wanted = tuple(extra for extra in extras if extra)
    return Named(normalise(match["name"]), wanted, specifier, start, end)


def specifier_text(constraint: str) -> str:
    """A constraint without blanks; `>=2.0.*`, which old versions of pip let pass, means `>=2.0`."""
    clauses = (re.sub(r"\s+", "", clause) for clause in constraint.split(","))
    return ",".join(_ORDERED_WILDCARD.sub(r"\1\2", clause) for clause in clauses if clause)


def requirements(
    text: SourceText, named: Named | None, offset: int = 0, *, locked: bool = False
) -> tuple[Requirement, ...]:
    """The facts of one parsed requirement: none when it is of no interest, and one more for each
    extra that is. What was parsed stands at `offset` in `text`."""
    if named is None or named.name not in PYTHON:
        return ()
    span = text.span(offset + named.start, offset + named.end)
    extras = sorted(EXTRAS.get(named.name, frozenset()).intersection(named.extras))
    distributions = (named.name, *(f"{named.name}[{extra}]" for extra in extras))
    return tuple(Requirement(name, named.specifier, span, locked) for name in distributions)


def poetry_specifiers(constraint: str) -> tuple[tuple[str, int, int], ...]:
    """The alternatives of a Poetry constraint as PEP 440 specifiers, each with its start and end
    in `constraint`; an empty specifier admits everything.

    `^` keeps the leftmost number that is not zero, `~` the minor (Poetry documentation,
    "Dependency specification"); a bare version is exact. What is not understood admits everything.
    """
    found: list[tuple[str, int, int]] = []
    for match in re.finditer(r"(?:[^|]|(?<!\|)\|(?!\|))+", constraint):
        raw = match.group()
        stripped = raw.strip()
        if stripped:
            begin = match.start() + raw.index(stripped)
            found.append((_poetry_clauses(stripped), begin, begin + len(stripped)))
    return tuple(found)


def _poetry_clauses(alternative: str) -> str:
    joined = re.sub(r"(\^|~=|~|===|==|=|!=|<=|>=|<|>)\s+", r"\1", alternative)
    clauses: list[str] = []
    for clause in re.split(r"[,\s]+", joined):
        if clause in ("", "*"):
            continue
        specifier = _poetry_clause(clause)
        if specifier is None:
            return ""
        clauses.append(specifier)
    return ",".join(clauses)


def _poetry_clause(clause: str) -> str | None:
    match = re.fullmatch(
        r"(\^|~=|~|===|==|=|!=|<=|>=|<|>)?v?((?:\d+!)?\d+(?:\.\d+)*)((?:\.\*)|[A-Za-z0-9.+_-]*)",
        clause,
    )
    if match is None:
        return None
    operator, number, suffix = match.group(1) or "==", match.group(2), match.group(3)
    if operator in ("^", "~"):
        if suffix == ".*":
            suffix = ""
        return f">={number}{suffix},<{_upper_bound(operator, number)}"
    operator = "==" if operator == "=" else operator
    if suffix == ".*" and operator not in ("==", "!="):
        suffix = ""
    return f"{operator}{number}{suffix}"


def _upper_bound(operator: str, number: str) -> str:
    epoch, _, release = number.rpartition("!")
    parts = [int(part[:18]) for part in release.split(".")]
    if operator == "~":
        kept = min(len(parts), 2)
    else:
        kept = next((index + 1 for index, part in enumerate(parts) if part), len(parts))
    bound = ".".join(str(part) for part in (*parts[: kept - 1], parts[kept - 1] + 1))
    return f"{epoch}!{bound}" if epoch else bound
