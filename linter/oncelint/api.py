"""The one door for the command line, the editor and the tests."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from oncelint.discover import list_files, project_root, read_file
from oncelint.scan import scan

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from oncelint.check import Checked
    from oncelint.discover import Discovery
    from oncelint.fix.apply import Fixed, Judgement, Trace
    from oncelint.link import Linked
    from oncelint.model.facts import ErrorRecord, FileFacts, SuppressionComment
    from oncelint.model.finding import Finding
    from oncelint.model.project import Client
    from oncelint.model.report import Report, Unanalysed
    from oncelint.model.sinks import Sink
    from oncelint.model.values import Span
    from oncelint.settings import Settings
    from oncelint.text import SourceText

__all__ = ["UsageError", "check", "diff", "explain", "files", "fix", "project_root", "write"]


class UsageError(Exception):
    """A request that cannot be carried out; the message is one sentence for the user."""


def check(
    paths: Sequence[str],
    *,
    settings: Settings,
    root: Path,
    overlay: Mapping[str, bytes] | None = None,
    jobs: int | None = None,
    no_ignores: bool = False,
    plan_fixes: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Analyse the project at `root` and report what concerns `paths`.

    Analysis is always of the whole project; `paths` (files or folders, as the user typed them)
    filter the report. `overlay` replaces the contents of files, by path relative to the root.
    `no_ignores` shows what comments and settings suppress, and `plan_fixes` gives the findings that
    are shown their fixes.

    Raises UsageError for a path that does not exist or holds no file.
    """
    contents = dict(overlay or {})
    listed = list_files(root, settings.exclude)
    wanted = [_relative(path, root, listed, contents) for path in paths]
    project = _Project(root, settings, listed, wanted, jobs, no_ignores)
    outcome = project.outcome(contents, progress)
    return project.planned(outcome) if plan_fixes else outcome.report


def fix(
    paths: Sequence[str],
    *,
    settings: Settings,
    root: Path,
    unsafe: bool = False,
    overlay: Mapping[str, bytes] | None = None,
    jobs: int | None = None,
    no_ignores: bool = False,
    writing: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Fixed:
    """Work out what the files are with their findings fixed, and write nothing.

    Takes what `check` takes. Only files that `paths` name, or that lie in folders it names, are
    changed, by safe fixes and with `unsafe` by unsafe ones. With `writing` a file that `write`
    could not replace is left alone, and an error record says so.

    Raises UsageError as `check` does.
    """
    from oncelint.fix import apply, files

    given = dict(overlay or {})
    listed = list_files(root, settings.exclude)
    wanted = [_relative(path, root, listed, given) for path in paths]
    project = _Project(root, settings, listed, wanted, jobs, no_ignores)
    names = _names(root, listed, given)
    kept: dict[str, SourceText | None] = {}
    links = {name: real for real, known in names.items() for name in known}

    def contents(changes: Mapping[str, bytes]) -> dict[str, bytes]:
        result = dict(given)
        for real, data in changes.items():
            result.update(dict.fromkeys(names.get(real, (real,)), data))
        return result

    def read(path: str, changes: Mapping[str, bytes]) -> SourceText | None:
        """A text as it was first read, so that all edits of it speak of the same one."""
        if path in changes:
            return _text(root, path, changes, settings)
        if path not in kept:
            kept[path] = _text(root, path, given, settings)
        return kept[path]

    def judge(changes: Mapping[str, bytes]) -> Judgement:
        nonlocal progress
        shown, progress = progress, None  # the first of several runs is the slow one
        return project.judgement(project.outcome(contents(changes), shown))

    def named(path: str) -> bool:
        known = names.get(links.get(path, path), (path,))
        return any(_is_within(wanted, name) for name in (path, *known))

    def refusal(path: str) -> str | None:
        return None if path in given else files.refusal(root, path, writing=writing)

    workspace = apply.Workspace(
        judge=judge,
        resolve=lambda path: links.get(path, path),
        read=read,
        named=named,
        follows=_follows,
        refusal=refusal,
    )
    return apply.fix(workspace, unsafe=unsafe)


def _follows(rule: str) -> Sequence[str]:
    """The rules that one supersedes."""
    from oncelint.check import catalogue

    found = catalogue().get(rule)
    return found.supersedes if found is not None else ()


def write(fixed: Fixed, root: Path) -> ErrorRecord | None:
    """Write all changed files, or none: then an error record says why."""
    from oncelint.fix.files import NotWritten
    from oncelint.fix.files import write as write_files
    from oncelint.model.facts import ErrorRecord

    try:
        write_files(root, fixed.changes)
    except NotWritten as problem:
        return ErrorRecord(f"nothing was written: {problem}", None, problem.path)
    return None


def diff(fixed: Fixed) -> bytes:
    """The changes as a patch that `git apply` takes at the project root; empty without changes."""
    from oncelint.fix.diff import unified

    return unified(fixed.changes)


def _names(
    root: Path, listed: Sequence[str], overlay: Mapping[str, bytes]
) -> dict[str, tuple[str, ...]]:
    """The files that links of the project lead to, each with all its names in the project."""
    from oncelint.fix.files import target

    names: dict[str, list[str]] = {}
    for path in listed:
        if path not in overlay and os.path.islink(f"{root}/{path}"):
            real = target(root, path)
            if real is not None and real not in overlay:
                names.setdefault(real, []).append(path)
    known = set(listed)
    return {
        real: (*((real,) if real in known else ()), *some) for real, some in sorted(names.items())
    }


class _Outcome:
    """One run: its report, and what a fix has to know beyond it.

    `late` are the findings about suppression comments, and `shown` leaves of findings those that
    nothing suppresses. No dataclass, which every run would pay 2 ms for.
    """

    def __init__(
        self,
        report: Report,
        contents: Mapping[str, bytes],
        linked: Linked | None = None,
        checked: Checked | None = None,
        late: Sequence[Finding] = (),
        shown: Callable[[Sequence[Finding]], Sequence[Finding]] = tuple,
    ) -> None:
        self.report = report
        self.contents = contents
        self.linked = linked
        self.checked = checked
        self.late = late
        self.shown = shown


class _Project:
    """What stays the same when a project is judged with several contents."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        listed: Sequence[str],
        wanted: Sequence[str],
        jobs: int | None,
        no_ignores: bool,
    ) -> None:
        self.root = root
        self.settings = settings
        self.listed = listed
        self.wanted = wanted
        self.jobs = jobs
        self.no_ignores = no_ignores

    def outcome(
        self, contents: Mapping[str, bytes], progress: Callable[[int, int], None] | None = None
    ) -> _Outcome:
        """Judge the project with contents that count over its files."""
        discovery, facts = scan(
            self.root,
            self.listed,
            max_size=self.settings.max_file_size,
            overlay=contents,
            documents=self.settings.documents,
            jobs=self.jobs if self.jobs is not None else _cpus(),
            progress=progress,
            meanwhile=_load,
        )
        if not facts:  # most projects that do not use Kafka, and they should hardly notice
            return _Outcome(_without_facts(discovery), contents)
        return _judged(
            facts,
            discovery,
            self.wanted,
            self.settings,
            self.root,
            contents,
            no_ignores=self.no_ignores,
        )

    def planned(self, outcome: _Outcome) -> Report:
        """The report with the fixes of what it shows."""
        report = outcome.report
        if outcome.linked is None or not any(one.goal is not None for one in report.findings):
            return report
        from oncelint.fix.plan import plan
        from oncelint.model.facts import ErrorRecord

        @cache
        def source(path: str) -> SourceText | None:
            return _text(self.root, path, outcome.contents, self.settings)

        try:
            project = outcome.linked.project
            mentions = self._mentions(outcome.contents)
            findings = plan(report.findings, project, source, mentions, report.suppressed)
        except Exception as error:  # the findings stand, and are what was asked for first
            message = f"planning fixes: {type(error).__name__}: {error}"
            return replace(report, errors=(*report.errors, ErrorRecord(message)))
        return replace(report, findings=tuple(findings))

    def _mentions(self, contents: Mapping[str, bytes]) -> Callable[[str], Iterator[str]]:
        """What yields the Python files that a word stands in."""

        def mentions(word: str) -> Iterator[str]:
            needle = word.encode()
            for path in self.listed:
                if not path.endswith(".py"):
                    continue
                data = contents.get(path)
                if data is None:
                    data = read_file(self.root, path, self.settings.max_file_size)
                if data is not None and needle in data:
                    yield path

        return mentions

    def judgement(self, outcome: _Outcome) -> Judgement:
        """What decides whether fixes do what they should."""
        from collections import Counter

        from oncelint.fix.apply import Judgement, traces

        checked, linked = outcome.checked, outcome.linked
        keys = checked.keys if checked is not None else {}

        def key(finding: Finding) -> str:
            return keys.get(finding.fingerprint, finding.fingerprint)

        counted: Counter[Trace] = Counter()
        subjects: Counter[tuple[str, str]] = Counter()
        refusing: Counter[tuple[str, str]] = Counter()
        if checked is not None and linked is not None:
            everything = [*checked.findings, *checked.superseded]
            counted = traces(everything, shown=outcome.shown, late=outcome.late, key=key)
            constructions = {(one.span, one.role) for one in linked.project.clients}
            subjects.update((span.path, kind) for span, kind in constructions)
            refused = {
                (one.span, one.role)
                for one in linked.project.clients
                if any(world.refuses() for world in one.worlds)
            }
            refusing.update((span.path, kind) for span, kind in refused)
        return Judgement(
            report=outcome.report,
            plan=lambda: self.planned(outcome),
            traces=counted,
            subjects=subjects,
            refusing=refusing,
            key=key,
        )


def _load() -> None:
    """Load what joining and judging facts needs."""
    from oncelint import check, link, suppress  # noqa: F401


def _without_facts(discovery: Discovery) -> Report:
    from oncelint.model.report import Report

    return Report(
        findings=(),
        skipped=tuple(sorted(discovery.skipped, key=lambda item: (item.path, item.reason))),
        unanalysed=_unanalysed(discovery),
        files=len(discovery.files),
        partial=any(item.relevant for item in discovery.skipped),
    )


def _unanalysed(discovery: Discovery) -> tuple[Unanalysed, ...]:
    from oncelint.model.report import Unanalysed

    return tuple(Unanalysed(*item) for item in sorted(discovery.other_languages.items()))


def _judged(
    facts: Sequence[FileFacts],
    discovery: Discovery,
    wanted: Sequence[str],
    settings: Settings,
    root: Path,
    contents: Mapping[str, bytes],
    *,
    no_ignores: bool,
) -> _Outcome:
    """Link the facts, check the project, and report what concerns the wanted paths."""
    from oncelint import check as checking
    from oncelint.model.report import Report
    from oncelint.suppress import apply, locator

    linked = _link(facts, discovery, settings, root, contents)
    rules = checking.active(settings)
    checked = checking.check(linked.project, rules, settings)
    everything = [*facts, *linked.extra]
    comments = [] if no_ignores else _comments(everything)
    quiet = settings if not no_ignores else _without_ignores(settings)
    groups = {name: rule.group for name, rule in checking.catalogue().items()}
    locate = locator(_source(root, contents))
    shown, suppressed, uses = apply(
        checked.findings, comments, quiet, groups=groups, ran=rules, locate=locate
    )
    late = checking.check_suppressions(uses, linked.project, rules, settings)
    late_shown, late_suppressed, _ = apply(late, (), quiet, groups=groups, ran=rules)
    inside = _filter(wanted)
    everything_shown = checking.sort([*shown, *late_shown])
    report = Report(
        findings=tuple(
            f for f in everything_shown if checking.loud_enough(f, settings) and inside(f)
        ),
        suppressed=tuple(
            f
            for f in checking.sort([*suppressed, *late_suppressed])
            if checking.loud_enough(f, settings) and inside(f)
        ),
        subjects=tuple(
            sorted(
                (c for c in linked.project.clients if _within(wanted, c.span)),
                key=lambda c: (c.span, c.role),
            )
        ),
        sinks=tuple(
            sorted(
                (sink for sink in linked.project.sinks if _within(wanted, sink.span)),
                key=lambda sink: (sink.span, sink.consumer.span),
            )
        ),
        pipelines=tuple(
            sorted(
                (one for one in linked.project.pipelines if _within(wanted, one.span)),
                key=lambda one: (one.span, one.consumer.span),
            )
        ),
        transactions=tuple(
            sorted(
                (t for t in linked.project.transactions if _within(wanted, t.producer.span)),
                key=lambda one: one.producer.span,
            )
        ),
        unresolved=tuple(u for u in linked.project.unresolved if _within(wanted, u.span)),
        skipped=tuple(
            sorted(
                {*discovery.skipped, *(s for one in everything for s in one.skipped)},
                key=lambda s: (s.path, s.reason),
            )
        ),
        errors=(*(e for one in everything for e in one.errors), *checked.errors),
        unanalysed=_unanalysed(discovery),
        files=len(discovery.files),
        analysed=sum(not one.skipped for one in everything),
        partial=linked.project.partial,
    )

    def unsuppressed(some: Sequence[Finding]) -> Sequence[Finding]:
        return apply(some, comments, quiet, groups=groups, ran=rules, locate=locate)[0]

    return _Outcome(report, contents, linked, checked, late, unsuppressed)


def files(root: Path, settings: Settings) -> Iterator[str]:
    """The files that would be scanned, relative to the root."""
    from oncelint.dependencies import reader_for
    from oncelint.discover import kind_of

    for path in list_files(root, settings.exclude):
        if kind_of(path) is not None or reader_for(path) is not None:
            yield path


def explain(
    path: str,
    line: int,
    *,
    settings: Settings,
    root: Path,
    overlay: Mapping[str, bytes] | None = None,
) -> list[Client | Sink]:
    """What a finding at a line of a file can be about, clients first.

    Those are the clients whose construction, settings or version stand there, and the database
    writes of consumed records whose call or statement does.

    Raises UsageError when the file is not part of the project.
    """
    contents = dict(overlay or {})
    listed = list_files(root, settings.exclude)
    if path not in listed and path not in contents:
        raise UsageError(f"{path} is not a file of the project at {root}")
    discovery, facts = scan(
        root,
        listed,
        max_size=settings.max_file_size,
        overlay=contents,
        documents=settings.documents,
        jobs=_cpus(),
    )
    linked = _link(facts, discovery, settings, root, contents)

    def here(span: Span) -> bool:
        return span.path == path and span.start.line <= line <= span.end.line

    clients = [
        client
        for client in linked.project.clients
        if here(client.span)
        or any(here(defect.span) for defect in client.defects)
        or any(
            here(setting.key_span)
            or any(a.span is not None and here(a.span) for a in setting.alternatives)
            for setting in client.block.settings
        )
    ]
    sinks = [
        sink
        for sink in linked.project.sinks
        if here(sink.span) or (sink.statement_span is not None and here(sink.statement_span))
    ]
    return [*clients, *sinks]


def _cpus() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _link(
    facts: Sequence[FileFacts],
    discovery: Discovery,
    settings: Settings,
    root: Path,
    overlay: Mapping[str, bytes],
) -> Linked:
    from oncelint.link import link

    def read(path: str) -> bytes | None:
        if path in overlay:
            return overlay[path]
        return read_file(root, path, settings.max_file_size)

    return link(facts, discovery, settings, read)


def _relative(path: str, root: Path, listed: Sequence[str], overlay: Mapping[str, bytes]) -> str:
    """A path as typed, relative to the root; an empty text is the root itself."""
    absolute = Path(os.path.abspath(path))
    # a link to a file is the file it is named, a link to a folder the folder it leads to
    resolved = (
        absolute.resolve() if absolute.is_dir() else absolute.parent.resolve() / absolute.name
    )
    try:
        relative = resolved.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is outside the project at {root}") from None
    relative = "" if relative == "." else relative
    if relative in overlay:
        return relative
    if not absolute.exists():
        raise UsageError(f"{path} does not exist")
    if absolute.is_dir():
        prefix = relative + "/" if relative else ""
        if not any(name.startswith(prefix) for name in listed):
            raise UsageError(f"{path} holds no file to look at")
    return relative


def _within(wanted: Sequence[str], span: Span) -> bool:
    return _is_within(wanted, span.path)


def _is_within(wanted: Sequence[str], path: str) -> bool:
    return any(not name or path == name or path.startswith(name + "/") for name in wanted)


def _filter(wanted: Sequence[str]) -> Callable[[Finding], bool]:
    """A finding concerns a path when a span of it, or of where its values come from, is there."""

    def inside(finding: Finding) -> bool:
        spans = [finding.span, *(related.span for related in finding.related)]
        spans.extend(origin.span for origin in finding.provenance if origin.span is not None)
        return any(_within(wanted, span) for span in spans)

    return inside


def _comments(facts: Sequence[FileFacts]) -> list[SuppressionComment]:
    return [comment for one in facts for comment in one.suppressions]


def _without_ignores(settings: Settings) -> Settings:
    return replace(settings, per_file_ignores=(), ignore_locations=())


def _source(
    root: Path, overlay: Mapping[str, bytes]
) -> Callable[[str], tuple[str, SourceText] | None]:
    """What yields a configuration file's format and text; None when there is no such text."""
    from oncelint.discover import kind_of
    from oncelint.formats import READERS
    from oncelint.text import SourceText, TextError

    def source(path: str) -> tuple[str, SourceText] | None:
        data = overlay[path] if path in overlay else read_file(root, path, 1 << 24)
        kind = kind_of(path, data)
        if data is None or kind not in READERS:
            return None
        try:
            return kind, SourceText.decode(path, data, latin1=True)
        except TextError:
            return None

    return source


def _text(
    root: Path, path: str, overlay: Mapping[str, bytes], settings: Settings
) -> SourceText | None:
    """A file's text, decoded as it is for extraction; None when there is none."""
    from oncelint.dependencies import reader_for
    from oncelint.discover import kind_of
    from oncelint.text import SourceText, TextError

    data = overlay[path] if path in overlay else read_file(root, path, settings.max_file_size)
    if data is None:
        return None
    latin1 = kind_of(path) == "properties" or reader_for(path) is not None
    try:
        return SourceText.decode(path, data, latin1=latin1)
    except TextError:
        return None
