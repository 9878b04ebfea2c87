"""`oncelint check`: findings, fixes and the summary, to where they are asked for."""

from __future__ import annotations

import sys

from oncelint.cli.options import (
    Sources,
    displayed_from,
    merged,
    output_of,
    path_inside,
    root_of,
    settings_for,
)
from oncelint.cli.terminal import (
    CLEAN,
    FAILED,
    FOUND,
    Failure,
    Progress,
    counted,
    is_colored,
    is_terminal,
    say,
    width_of_terminal,
    write,
    write_bytes,
)

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from oncelint.fix.apply import Fixed
    from oncelint.model.facts import Skipped
    from oncelint.model.finding import Finding, Report
    from oncelint.model.rule import Rule
    from oncelint.report import Context
    from oncelint.settings import Settings

    _Answer = TypeVar("_Answer")

# So many skipped files are named for one reason; more are counted.
_LISTED = 3


# The output formats that show fixes; for the others none are planned.
_WITH_FIXES = frozenset({"full", "json", "sarif"})


def check_command(options: argparse.Namespace) -> int:
    from pathlib import Path

    from oncelint import api

    outputs = [output_of(item) for item in options.output]
    paths: list[str] = [item for item in options.paths if item != "-"]
    if options.stdin_filename is not None:
        if paths:
            raise Failure("--stdin-filename reports on its own file; name no other paths")
        paths = [options.stdin_filename]
    elif "-" in options.paths:
        raise Failure("to read from stdin, name the file with --stdin-filename")
    paths = paths or ["."]
    root = root_of(paths[0], must_exist=options.stdin_filename is None)
    settings = merged(settings_for(options, root), options)
    overlay: dict[str, bytes] = {}
    if options.stdin_filename is not None:
        overlay[path_inside(Path(options.stdin_filename), root)] = sys.stdin.buffer.read()
    for note in () if options.quiet else settings.notes:
        say(f"oncelint: {note}")
    if options.verbose:
        say(f"oncelint: project {root}, settings {', '.join(settings.sources) or 'none'}")
    if options.fix or options.diff:
        return _fix(options, paths, settings, root, overlay, outputs)
    formats = {options.output_format, *(format for format, _ in outputs)}
    report = _asked(
        options,
        lambda progress: api.check(
            paths,
            settings=settings,
            root=root,
            overlay=overlay,
            jobs=options.jobs,
            no_ignores=options.no_ignores,
            plan_fixes=options.unsafe_fixes or not _WITH_FIXES.isdisjoint(formats),
            progress=progress,
        ),
    )
    code = _exit_code(report, settings, options)
    return _deliver(report, options, root, overlay, outputs, code)


def _asked(options: argparse.Namespace, request: Callable[[Progress], _Answer]) -> _Answer:
    """The api's answer, awaited with a progress bar; its refusal is a failure of the job."""
    from oncelint import api

    progress = Progress(enabled=not options.quiet and is_terminal(sys.stderr))
    try:
        return request(progress)
    except api.UsageError as error:
        raise Failure(str(error)) from None
    finally:
        progress.clear()


def _fix(
    options: argparse.Namespace,
    paths: Sequence[str],
    settings: Settings,
    root: Path,
    overlay: Mapping[str, bytes],
    outputs: Sequence[tuple[str, str]],
) -> int:
    """--fix and --diff: fixes go to the files, to stdout for a buffer, or into a patch."""
    from dataclasses import replace

    from oncelint import api

    buffered = options.stdin_filename is not None
    fixed = _asked(
        options,
        lambda progress: api.fix(
            paths,
            settings=settings,
            root=root,
            unsafe=options.unsafe_fixes,
            overlay=overlay,
            jobs=options.jobs,
            no_ignores=options.no_ignores,
            writing=not (options.diff or buffered),
            progress=progress,
        ),
    )
    code = _exit_code(fixed.report, settings, options, fixed)
    if options.diff:
        # a patch leaves the files as they are, and what is reported beside it is of them
        report = replace(fixed.before, errors=fixed.report.errors)
        write_bytes(api.diff(fixed))
        return _deliver(report, options, root, overlay, outputs, code, fixed)
    if buffered:
        ((path, data),) = overlay.items()
        text = fixed.changes[path].after if path in fixed.changes else data
        write_bytes(text)
        return _deliver(fixed.report, options, root, {path: text}, outputs, code, fixed)
    problem = api.write(fixed, root)
    if problem is not None:
        report = replace(fixed.before, errors=(*fixed.report.errors, problem))
        return _deliver(report, options, root, overlay, outputs, FAILED)
    return _deliver(fixed.report, options, root, overlay, outputs, code, fixed)


def _deliver(
    report: Report,
    options: argparse.Namespace,
    root: Path,
    overlay: Mapping[str, bytes],
    outputs: Iterable[tuple[str, str]],
    code: int,
    fixed: Fixed | None = None,
) -> int:
    """Write the report everywhere it is wanted, say how it went, and return the exit code.

    Where stdout holds a patch the report is left out, and where it holds a buffer's fixed text the
    report goes to stderr.
    """
    from dataclasses import replace

    from oncelint.report import TEXT_FORMATS, render

    context = _context_of(options, root, overlay)
    plain = replace(context, color=False, width=None, statistics=False)
    if fixed is None or not (options.diff or options.stdin_filename is not None):
        code = write(render(options.output_format, report, context), code)
    elif not options.diff:
        beside = replace(plain, statistics=options.statistics)
        text = render(options.output_format, report, beside)
        if text:
            say(text.removesuffix("\n"))
    for format, name in outputs:
        _write_file(name, render(format, report, plain))
    if options.statistics and options.output_format not in TEXT_FORMATS:
        from oncelint.report.text import statistics

        for line in statistics(report):
            say(line)
    for line in _problems(report, context, quiet=options.quiet, verbose=options.verbose):
        say(line)
    if not options.quiet:
        for line in _left_out(fixed, context):
            say(line)
        for line in summary(report, _outcome(report, options, fixed)):
            say(line)
    return code


def _left_out(fixed: Fixed | None, context: Context) -> list[str]:
    """A line for each fix that was not written for what it would lead to."""
    if fixed is None:
        return []
    from oncelint.report.text import printable  # only where a fix has to be printed

    told = (
        f"oncelint: not fixed: {context.display(one.finding.span.path)}:"
        f"{one.finding.span.start.line}: {one.fix.title}: {one.reason}"
        for one in fixed.dropped
        if not one.defect
    )
    return [printable(line) for line in dict.fromkeys(told)]


def _outcome(report: Report, options: argparse.Namespace, fixed: Fixed | None) -> tuple[str, str]:
    """How many findings were fixed, if that was asked for, and how many more can be, in words."""
    counts = ""
    left = report.findings
    if fixed is not None:
        left = fixed.report.findings
        verb = "would be fixed" if options.diff else "fixed"
        total = len(fixed.applied) + len(left)
        counts = f"{counted(total, 'finding')} ({len(fixed.applied)} {verb}, {len(left)} left)"
    safe = sum(_fixable(finding) == "safe" for finding in left)
    unsafe = sum(_fixable(finding) == "unsafe" for finding in left)
    if fixed is not None:  # what else is left could not be written, and was told of
        hints = [f"{unsafe} more fixable with --unsafe-fixes"] if unsafe else []
        hints = [] if options.unsafe_fixes else hints
        if fixed.elsewhere:
            hints.append(f"{len(fixed.elsewhere)} more fixable in files that were not named")
        return counts, ", ".join(hints)
    if options.unsafe_fixes:
        return "", f"{safe + unsafe} fixable with --fix --unsafe-fixes" if safe + unsafe else ""
    parts = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        parts.append(f"{unsafe} {'more' if safe else 'fixable'} with --unsafe-fixes")
    return "", ", ".join(parts)


def _fixable(finding: Finding) -> str | None:
    """The best safety of a finding's fixes that can be written; None when there is none."""
    safeties = {fix.safety for fix in finding.fixes if fix.edits}
    return next((safety for safety in ("safe", "unsafe") if safety in safeties), None)


def _write_file(name: str, text: str) -> None:
    try:
        with open(name, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise Failure(f"cannot write {name}: {error.strerror}") from None


def _exit_code(
    report: Report, settings: Settings, options: argparse.Namespace, fixed: Fixed | None = None
) -> int:
    """The exit code for a report; what was `fixed` counts for --diff, and where that is wanted."""
    if report.errors or (options.strict and any(item.relevant for item in report.skipped)):
        return FAILED
    counts = fixed is not None and (options.diff or options.exit_non_zero_on_fix)
    if fixed is not None and counts and fixed.changes and not options.exit_zero:
        return FOUND
    if not report.findings:
        return CLEAN
    from oncelint.model.finding import SEVERITIES  # only findings need the model

    threshold = SEVERITIES.index(settings.fail_on)
    failing = any(SEVERITIES.index(item.severity) >= threshold for item in report.findings)
    return FOUND if failing and not options.exit_zero else CLEAN


def _problems(report: Report, context: Context, *, quiet: bool, verbose: bool) -> list[str]:
    """A line for each error of our own, and for each file that may matter and was skipped."""
    if not report.errors and not report.skipped:
        return []
    from oncelint.report.text import printable  # only where a name has to be printed

    lines: list[str] = []
    for error in report.errors:
        where = f" in {context.display(error.path)}" if error.path else ""
        which = f" in rule {error.rule}" if error.rule else ""
        lines.append(printable(f"oncelint: error{which}{where}: {error.message}"))
    groups: dict[str, list[Skipped]] = {}
    for item in () if quiet else report.skipped:
        if item.relevant or verbose:
            groups.setdefault(_short_reason(item.reason), []).append(item)
    for reason, items in groups.items():
        if len(items) > _LISTED and not verbose:
            named = ", ".join(context.display(item.path) for item in items[:_LISTED])
            more = f"{named} and {len(items) - _LISTED} more; --verbose lists them"
            lines.append(
                printable(f"oncelint: skipped {counted(len(items), 'file')}: {reason} ({more})")
            )
            continue
        lines += [
            printable(f"oncelint: skipped {context.display(item.path)}: {item.reason}")
            for item in items
        ]
    return lines


def _short_reason(reason: str) -> str:
    """Why a file was skipped, without what is particular to it."""
    import re

    return re.split(r":| \(line | at (?:byte|line) ", reason)[0]


def summary(report: Report, outcome: tuple[str, str] = ("", "")) -> list[str]:
    """The run in a few lines: what was found, skipped, not analysed and not claimed.

    `outcome` is what counts findings where some were fixed, and a line on what more can be.
    """
    counts = [
        counted(number, severity)
        for severity in ("error", "warning", "note")
        if (number := sum(item.severity == severity for item in report.findings))
    ]
    found = counted(len(report.findings), "finding")
    files = f"{counted(report.files, 'file')} ({report.analysed} read)"
    by_severity = f"{found} ({', '.join(counts)})" if counts else found
    line = f"{outcome[0] or by_severity} in {files}"
    if report.suppressed:
        line += f", {len(report.suppressed)} suppressed"
    lines = [line, outcome[1]] if outcome[1] else [line]
    if report.skipped:
        from oncelint.report.text import printable  # only where a reason has to be printed

        reasons: dict[str, int] = {}
        for item in report.skipped:
            reason = _short_reason(item.reason)
            reasons[reason] = reasons.get(reason, 0) + 1
        ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        detail = "; ".join(
            reason if len(reasons) == 1 else f"{count} {reason}" for reason, count in ordered
        )
        lines.append(printable(f"{counted(len(report.skipped), 'file')} skipped: {detail}"))
    if report.unanalysed:
        detail = ", ".join(
            f"{counted(item.files, f'{item.language} file')}" for item in report.unanalysed
        )
        lines.append(f"not analysed, though a Kafka client is used there: {detail}")
    if report.partial:
        lines.append(
            "the analysis is partial: files that may matter could not be read (listed above):"
            " claims that something is missing from the whole project are not made"
        )
    return lines


def _context_of(options: argparse.Namespace, root: Path, overlay: Mapping[str, bytes]) -> Context:
    from oncelint.report import Context

    return Context(
        source=Sources(root, overlay),
        rules=_catalogue,
        page=_page_of,
        display=displayed_from(root),
        show_subjects=options.show_subjects,
        show_unresolved=options.show_unresolved,
        statistics=options.statistics,
        color=is_colored(options.color, sys.stdout),
        width=width_of_terminal(),
    )


def _catalogue() -> Mapping[str, Rule]:
    from oncelint import check

    return check.catalogue()


def _page_of(rule: str) -> str:
    from oncelint import check

    return check.page(rule)
