"""The one door for the command line, the editor and the tests."""

from __future__ import annotations

import os
from pathlib import Path

from oncelint.discover import list_files, project_root, read_file
from oncelint.scan import scan

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from oncelint.discover import Discovery
    from oncelint.link import Linked
    from oncelint.model.facts import FileFacts, SuppressionComment
    from oncelint.model.finding import Finding
    from oncelint.model.project import Client, Sink
    from oncelint.model.report import Report, Unanalysed
    from oncelint.model.values import Span
    from oncelint.settings import Settings
    from oncelint.text import SourceText

__all__ = ["UsageError", "check", "explain", "files", "project_root"]


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
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Analyse the project at `root` and report what concerns `paths`.

    Analysis is always of the whole project; `paths` (files or folders, as the user typed them)
    filter the report. `overlay` replaces the contents of files, by path relative to the root.
    `no_ignores` shows what comments and settings suppress.

    Raises UsageError for a path that does not exist or holds no file.
    """
    contents = dict(overlay or {})
    listed = list_files(root, settings.exclude)
    wanted = [_relative(path, root, listed, contents) for path in paths]
    discovery, facts = scan(
        root,
        listed,
        max_size=settings.max_file_size,
        overlay=contents,
        jobs=jobs if jobs is not None else _cpus(),
        progress=progress,
        meanwhile=_load,
    )
    if not facts:  # most projects that do not use Kafka, and they should hardly notice
        return _without_facts(discovery)
    return _judged(facts, discovery, wanted, settings, root, contents, no_ignores=no_ignores)


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
) -> Report:
    """Link the facts, check the project, and report what concerns the wanted paths."""
    from oncelint import check as checking
    from oncelint.model.report import Report
    from oncelint.suppress import apply, locator

    linked = _link(facts, discovery, settings, root, contents)
    rules = checking.active(settings)
    findings, errors = checking.check(linked.project, rules, settings)
    everything = [*facts, *linked.extra]
    comments = [] if no_ignores else _comments(everything)
    quiet = settings if not no_ignores else _without_ignores(settings)
    groups = {name: rule.group for name, rule in checking.catalogue().items()}
    shown, suppressed, uses = apply(
        findings, comments, quiet, groups=groups, ran=rules, locate=locator(_source(root, contents))
    )
    late = checking.check_suppressions(uses, linked.project, rules, settings)
    late_shown, late_suppressed, _ = apply(late, (), quiet, groups=groups, ran=rules)
    inside = _filter(wanted)
    everything_shown = checking.sort([*shown, *late_shown])
    return Report(
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
        unresolved=tuple(u for u in linked.project.unresolved if _within(wanted, u.span)),
        skipped=tuple(
            sorted(
                {*discovery.skipped, *(s for one in everything for s in one.skipped)},
                key=lambda s: (s.path, s.reason),
            )
        ),
        errors=(*(e for one in everything for e in one.errors), *errors),
        unanalysed=_unanalysed(discovery),
        files=len(discovery.files),
        analysed=sum(not one.skipped for one in everything),
        partial=linked.project.partial,
    )


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
        root, listed, max_size=settings.max_file_size, overlay=contents, jobs=_cpus()
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
    return any(not name or span.path == name or span.path.startswith(name + "/") for name in wanted)


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
    from dataclasses import replace

    return replace(settings, per_file_ignores=(), ignore_locations=())


def _source(
    root: Path, overlay: Mapping[str, bytes]
) -> Callable[[str], tuple[str, SourceText] | None]:
    """What yields a configuration file's format and text; None when there is no such text."""
    from oncelint.discover import kind_of
    from oncelint.formats import READERS
    from oncelint.text import SourceText, TextError

    def source(path: str) -> tuple[str, SourceText] | None:
        kind = kind_of(path)
        data = overlay[path] if path in overlay else read_file(root, path, 1 << 24)
        if data is None or kind not in READERS:
            return None
        try:
            return kind, SourceText.decode(path, data, latin1=True)
        except TextError:
            return None

    return source
