"""A case fixed for one release: the configurations that its client has to take and to refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fix.clients.configurations import Configuration, of_properties, of_python
from tests.fix.clients.fix_cases import CONNECT, STREAMS, FixCase

from oncelint import api
from oncelint.model.finding import Report
from oncelint.model.project import Client
from oncelint.settings import Settings


@dataclass(frozen=True, slots=True)
class Start:
    """A client that is started with a configuration; `errors` are the exceptions of which the linter
    says that the client raises one (none: it starts)."""

    configuration: Configuration
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A case at one release.

    Attributes:
        case: the case.
        version: the release.
        problem: why there is nothing to try that should be there, or None.
        before: the clients of the project as it was written.
        after: those of the project with its fixes, of the case's rule alone and of all rules.
    """

    case: FixCase
    version: str
    problem: str | None = None
    before: tuple[Start, ...] = ()
    after: tuple[Start, ...] = ()

    @property
    def starts(self) -> tuple[Start, ...]:
        """Every client that is to be started."""
        return (*self.before, *self.after)


def trial(case: FixCase, version: str, folder: Path) -> Trial:
    """Write the case's project for a release into an empty folder, and fix it in memory."""
    for path, text in case.files(version).items():
        (folder / path).write_text(text, encoding="utf-8")
    report = api.check([str(folder)], settings=_settings(), root=folder, plan_fixes=True, jobs=1)
    fixable = [
        one for one in report.findings if one.rule == case.rule and any(f.edits for f in one.fixes)
    ]
    if not case.holds_for(version):
        told = "the rule has a fix to write at this release" if fixable else None
        return Trial(case, version, told)
    if not fixable:
        return Trial(case, version, f"no fix is offered: {_reasons(case, report)}")
    before = tuple(_starts(case, version, case.text, report.subjects))
    after: list[Start] = []
    for settings in (_settings(case.rule), _settings()):
        fixed = api.fix([str(folder)], settings=settings, root=folder, unsafe=True, jobs=1)
        if fixed.dropped:
            return Trial(case, version, f"the fix was dropped: {fixed.dropped[0].reason}")
        if set(fixed.changes) != {case.path}:
            return Trial(case, version, f"the fix changes {sorted(fixed.changes)}")
        left = [one.message for one in fixed.report.findings if one.rule == case.rule]
        if left:
            return Trial(case, version, f"the finding is still there: {left[0]}")
        text = fixed.changes[case.path].after.decode()
        after += _starts(case, version, text, fixed.report.subjects)
    told = next(
        ("the linter says itself that the result is refused" for s in after if s.errors), None
    )
    return Trial(case, version, told, before, tuple(dict.fromkeys(after)))


def trial_of_all(case: FixCase, version: str, folder: Path) -> Trial:
    """Fix a project by whatever rule has something to say, down to a project without a fix."""
    for path, text in case.files(version).items():
        (folder / path).write_text(text, encoding="utf-8")
    fixed = api.fix([str(folder)], settings=_settings(), root=folder, unsafe=True, jobs=1)
    if fixed.dropped:
        return Trial(case, version, f"a fix was dropped: {fixed.dropped[0].reason}")
    change = fixed.changes.get(case.path)
    text = case.text if change is None else change.after.decode()
    before = tuple(_starts(case, version, case.text, fixed.before.subjects))
    after = tuple(_starts(case, version, text, fixed.report.subjects))
    refused = any(one.errors for one in after)
    problem = "the linter says itself that the result is refused" if refused else None
    return Trial(case, version, problem, before, after)


def _settings(*select: str) -> Settings:
    return Settings(select=select, min_confidence="low")


def _reasons(case: FixCase, report: Report) -> str:
    found = [one for one in report.findings if one.rule == case.rule]
    if not found:
        others = sorted({one.rule for one in report.findings})
        return f"no finding of the rule, but of {', '.join(others) or 'none'}"
    return "; ".join(f"{fix.title}, {fix.reason}" for one in found for fix in one.fixes)


def _starts(case: FixCase, version: str, text: str, clients: Sequence[Client]) -> Iterator[Start]:
    """The clients of a file's text, each with what the linter says of it."""
    if case.path.endswith(".py"):
        for found in of_python(text):
            same = [one for one in clients if one.span.start.line == found.line]
            assert same, f"{case.id}: the client in line {found.line} is not seen"
            yield _start(found, same, version)
        return
    (found,) = of_properties(text, _role(case))
    yield _start(found, clients, version)


def _start(found: Configuration, clients: Sequence[Client], version: str) -> Start:
    told = (error for one in clients for error in _errors(one, version))
    return Start(found, frozenset(error.partition(":")[0] for error in told))


def _role(case: FixCase) -> str:
    if case.client == STREAMS:
        return "streams"
    if case.client == CONNECT:
        return "connect-sink" if "\nconsumer." in case.text else "connect-source"
    return case.path.removesuffix(".properties")


def _errors(client: Client, version: str) -> Iterator[str]:
    """What keeps a release of a client from starting, as the linter says."""
    for world in [one for one in client.worlds if version in one.versions] or client.worlds:
        yield from (one.error for one in world.contradictions if one.outcome == "refuses")
    for key in client.keys:
        if key.refused and key.status != "known" and (not key.versions or version in key.versions):
            yield key.refused
    yield from (one.refused for one in client.value_problems if one.refused)
