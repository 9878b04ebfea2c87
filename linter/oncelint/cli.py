"""The command line: flags to api to exit code.

0: clean, or all fixed. 1: findings at or above --fail-on, or with --diff a patch. 2: the job could not
be done. 130: interrupted.
Findings go to stdout; the summary, skipped files and progress to stderr.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from oncelint.fix.apply import Fixed
    from oncelint.model.facts import Skipped
    from oncelint.model.finding import Finding, Report
    from oncelint.model.rule import Rule
    from oncelint.report import Context
    from oncelint.settings import Settings
    from oncelint.text import SourceText

    _Answer = TypeVar("_Answer")

# So many skipped files are named for one reason; more are counted.
_LISTED = 3
# The output formats that show fixes; for the others none are planned.
_WITH_FIXES = frozenset({"full", "json", "sarif"})
CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's own) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        from oncelint.version import VERSION  # before argparse, which costs as much again

        return _write(f"oncelint {VERSION}\n", CLEAN)
    # A run is short and drops few cycles: looking for them would be a tenth of it.
    gc.disable()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        _say("oncelint: interrupted")
        return INTERRUPTED
    except Exception:  # a crash must not look like exit code 1, which means findings
        import traceback

        _say(f"{traceback.format_exc()}oncelint: error: this is a bug of oncelint's own")
        return FAILED


def run() -> None:
    """The console script. Leaves at once: taking a run's objects apart would be a tenth of it."""
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or FAILED
    os._exit(code)


class _Failure(Exception):
    """The job cannot be done; the message is the sentence for the user."""


def _run(arguments: list[str]) -> int:
    parser = _parser(arguments)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else CLEAN
    if options.version:
        return main(["--version"])
    if options.command is None:
        return _write(parser.format_help(), CLEAN)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "check": _check,
        "rule": _rule,
        "explain": _explain,
        "config": _config,
    }
    try:
        return commands[options.command](options)
    except _Failure as failure:
        _say(f"oncelint: error: {failure}")
        return FAILED


def _parser(arguments: Collection[str]) -> argparse.ArgumentParser:
    """The parser for these arguments; commands that are not among them get no flags."""
    import argparse  # 9 ms, and --version does without
    from functools import partial

    # argparse asks for the width with every flag, by way of an archiver it loads for that
    formatter = partial(argparse.HelpFormatter, width=_help_width())
    parser = argparse.ArgumentParser(
        prog="oncelint",
        formatter_class=formatter,
        description="Find where Kafka records can be processed twice, lost, or seen although"
        " their transaction was aborted.",
        epilog="Exit codes: 0 clean, 1 findings, 2 the job could not be done.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", prog="oncelint"
    )
    for name, purpose, description, flags in (
        (
            "check",
            "check a project",
            "Check a project. The whole project is analysed (the git root; without git the"
            " directory named); PATHS choose what is reported.",
            _check_flags,
        ),
        (
            "rule",
            "print the page of a rule, or list a group's rules",
            "Print the page of a rule, or list the rules of a group.",
            _page_flags,
        ),
        (
            "explain",
            "what is known of the client or the database write at a place",
            "Print every setting of the client at a place, its effective value and where that"
            " comes from; or the write of consumed records there, and how they get to it.",
            _explain_flags,
        ),
        (
            "config",
            "print the effective settings and the files that would be looked into",
            "Print the effective settings, as TOML, and the files of a kind that can matter. Of"
            " these, check reads the ones that are about Kafka or its clients' versions.",
            _config_flags,
        ),
    ):
        command = commands.add_parser(
            name,
            help=purpose,
            description=description,
            allow_abbrev=False,
            formatter_class=formatter,
        )
        if name in arguments:
            flags(command)
    return parser


def _check_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATHS", nargs="*", help="files or folders to report on")
    _rule_flags(parser)
    _fixing_flags(parser)
    _judging_flags(parser)
    _output_flags(parser)
    _settings_flags(parser)


def _page_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="the rule's id, or a group")
    parser.add_argument("--all", action="store_true", help="all rules")
    _data_flags(parser)


def _explain_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="PATH:LINE", help="a file and a 1-based line")
    _data_flags(parser)
    _settings_flags(parser)


def _config_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", nargs="?", default=".", help="the project")
    _data_flags(parser)
    _settings_flags(parser)


def _rule_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("rules")
    for flag, text in (
        ("--select", "run these rules or groups alone, whatever the settings say"),
        ("--ignore", "leave these rules or groups out"),
        ("--extend-select", "run these rules or groups too"),
    ):
        group.add_argument(flag, metavar="RULES", action="append", default=[], help=text)
    group.add_argument(
        "--pedantic", action="store_true", default=None, help="also what only purists ask for"
    )
    group.add_argument(
        "--preview", action="store_true", default=None, help="also rules that are not stable yet"
    )
    group.add_argument(
        "--min-severity", choices=("error", "warning", "note"), help="leave milder findings out"
    )
    group.add_argument(
        "--min-confidence",
        choices=("high", "medium", "low"),
        help="leave less certain findings out (default: medium)",
    )
    group.add_argument(
        "--no-ignores", action="store_true", help="show what comments and settings suppress, too"
    )


def _fixing_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fixing")
    group.add_argument(
        "--fix",
        action="store_true",
        help="write safe fixes into the files that PATHS name, and report what is left; with"
        " --stdin-filename print the fixed text, and the report to stderr",
    )
    group.add_argument(
        "--unsafe-fixes", action="store_true", help="unsafe fixes as well; alone it counts them"
    )
    group.add_argument(
        "--diff",
        action="store_true",
        help="print what --fix would change, as a patch for git apply, and write nothing; the exit"
        " code is 1 when there is something",
    )
    group.add_argument(
        "--exit-non-zero-on-fix",
        action="store_true",
        help="the exit code is 1 when something was fixed, though nothing is left",
    )


def _judging_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("exit code")
    group.add_argument(
        "--fail-on",
        choices=("error", "warning", "note"),
        help="the mildest finding that makes the exit code 1 (default: warning)",
    )
    group.add_argument("--exit-zero", action="store_true", help="findings do not count as failure")
    group.add_argument(
        "--strict",
        action="store_true",
        help="a file that may matter and could not be analysed makes the exit code 2",
    )


def _output_flags(parser: argparse.ArgumentParser) -> None:
    from oncelint.report import FORMATS

    group = parser.add_argument_group("output")
    group.add_argument(
        "--output-format",
        choices=FORMATS,
        default="full",
        help="default: full, which fits a terminal's width; a pipe or file is not wrapped",
    )
    group.add_argument(
        "--output",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help="also write the report to a file; may be given several times",
    )
    group.add_argument("--statistics", action="store_true", help="count findings by rule")
    group.add_argument(
        "--show-subjects", action="store_true", help="also the clients that were found"
    )
    group.add_argument(
        "--show-unresolved", action="store_true", help="also what could not be known, and why"
    )
    group.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="default: auto"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="findings and errors alone")
    group.add_argument("-v", "--verbose", action="store_true", help="say what is done")
    group.add_argument(
        "--stdin-filename",
        metavar="PATH",
        help="read this file's text from stdin and report what touches it",
    )
    group.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a CPU)")


def _settings_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    group.add_argument(
        "--config",
        metavar="FILE | KEY=VALUE",
        action="append",
        default=[],
        help="a settings file in place of the project's, or one setting as TOML",
    )
    group.add_argument("--isolated", action="store_true", help="do not read the project's settings")


def _data_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="default: text"
    )


def _count(text: str) -> int:
    import argparse

    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes")
    return int(text)


def _check(options: argparse.Namespace) -> int:
    from pathlib import Path

    from oncelint import api

    outputs = [_output(item) for item in options.output]
    paths: list[str] = [item for item in options.paths if item != "-"]
    if options.stdin_filename is not None:
        if paths:
            raise _Failure("--stdin-filename reports on its own file; name no other paths")
        paths = [options.stdin_filename]
    elif "-" in options.paths:
        raise _Failure("to read from stdin, name the file with --stdin-filename")
    paths = paths or ["."]
    root = _root(paths[0], must_exist=options.stdin_filename is None)
    settings = _merged(_settings(options, root), options)
    overlay: dict[str, bytes] = {}
    if options.stdin_filename is not None:
        overlay[_inside(Path(options.stdin_filename), root)] = sys.stdin.buffer.read()
    for note in () if options.quiet else settings.notes:
        _say(f"oncelint: {note}")
    if options.verbose:
        _say(f"oncelint: project {root}, settings {', '.join(settings.sources) or 'none'}")
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


def _asked(options: argparse.Namespace, request: Callable[[_Progress], _Answer]) -> _Answer:
    """The api's answer, awaited with a progress bar; its refusal is a failure of the job."""
    from oncelint import api

    progress = _Progress(enabled=not options.quiet and _is_terminal(sys.stderr))
    try:
        return request(progress)
    except api.UsageError as error:
        raise _Failure(str(error)) from None
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
        _write_bytes(api.diff(fixed))
        return _deliver(report, options, root, overlay, outputs, code, fixed)
    if buffered:
        ((path, data),) = overlay.items()
        text = fixed.changes[path].after if path in fixed.changes else data
        _write_bytes(text)
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

    context = _context(options, root, overlay)
    plain = replace(context, color=False, width=None, statistics=False)
    if fixed is None or not (options.diff or options.stdin_filename is not None):
        code = _write(render(options.output_format, report, context), code)
    elif not options.diff:
        beside = replace(plain, statistics=options.statistics)
        text = render(options.output_format, report, beside)
        if text:
            _say(text.removesuffix("\n"))
    for format, name in outputs:
        _write_file(name, render(format, report, plain))
    if options.statistics and options.output_format not in TEXT_FORMATS:
        from oncelint.report.text import statistics

        for line in statistics(report):
            _say(line)
    for line in _problems(report, context, quiet=options.quiet, verbose=options.verbose):
        _say(line)
    if not options.quiet:
        for line in summary(report, _outcome(report, options, fixed)):
            _say(line)
    return code


def _outcome(report: Report, options: argparse.Namespace, fixed: Fixed | None) -> tuple[str, str]:
    """How many findings were fixed, if that was asked for, and how many more can be, in words."""
    counts = ""
    left = report.findings
    if fixed is not None:
        left = fixed.report.findings
        verb = "would be fixed" if options.diff else "fixed"
        total = len(fixed.applied) + len(left)
        counts = f"{_number(total, 'finding')} ({len(fixed.applied)} {verb}, {len(left)} left)"
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
        raise _Failure(f"cannot write {name}: {error.strerror}") from None


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
                printable(f"oncelint: skipped {_number(len(items), 'file')}: {reason} ({more})")
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
        _number(number, severity)
        for severity in ("error", "warning", "note")
        if (number := sum(item.severity == severity for item in report.findings))
    ]
    found = _number(len(report.findings), "finding")
    files = f"{_number(report.files, 'file')} ({report.analysed} read)"
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
        lines.append(printable(f"{_number(len(report.skipped), 'file')} skipped: {detail}"))
    if report.unanalysed:
        detail = ", ".join(
            f"{_number(item.files, f'{item.language} file')}" for item in report.unanalysed
        )
        lines.append(f"not analysed, though a Kafka client is used there: {detail}")
    if report.partial:
        lines.append(
            "the analysis is partial: files that may matter could not be read (listed above):"
            " claims that something is missing from the whole project are not made"
        )
    return lines


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rule(options: argparse.Namespace) -> int:
    from oncelint import check

    catalogue = check.catalogue()
    if (options.id is None) == (not options.all):
        raise _Failure("name one rule, or give --all")
    groups = {rule.group for rule in catalogue.values()}
    if options.id is not None and options.id not in {*catalogue, *groups}:
        from oncelint.settings import nearest

        near = nearest(options.id, {*catalogue, *groups})
        hint = f", did you mean {near}?" if near else "; `oncelint rule --all` prints all of them"
        raise _Failure(f"there is no rule {options.id}{hint}")
    chosen = [
        name
        for name in sorted(catalogue)
        if options.all or options.id in (name, catalogue[name].group)
    ]
    if options.output_format == "text":
        if options.id in groups:
            return _write(_listing([catalogue[name] for name in chosen]), CLEAN)
        pages = [f"{_head(catalogue[name])}\n\n{check.page(name).strip()}" for name in chosen]
        return _write("\n\n\n".join(pages) + "\n", CLEAN)
    import json

    data = [
        {
            "id": rule.id,
            "group": rule.group,
            "severity": rule.severity,
            "audience": rule.audience,
            "stable": rule.stable,
            "summary": rule.summary,
            "fix": rule.fix,
            "supersedes": list(rule.supersedes),
            "page": check.page(rule.id),
        }
        for rule in (catalogue[name] for name in chosen)
    ]
    return _write(json.dumps(data[0] if options.id in catalogue else data, indent=2) + "\n", CLEAN)


def _head(rule: Rule) -> str:
    """A rule's name and what its declaration says, as a heading and a line."""
    stable = "stable" if rule.stable else "preview"
    facts = f"group {rule.group}, severity {rule.severity}, {stable}, audience {rule.audience}"
    return f"# {rule.id}\n\n{facts}, fix: {rule.fix}"


def _listing(rules: Sequence[Rule]) -> str:
    """A line a rule: its id, its severity and what it finds."""
    width = max(len(rule.id) for rule in rules)
    return "".join(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.summary}\n" for rule in rules)


def _explain(options: argparse.Namespace) -> int:
    from pathlib import Path

    from oncelint import api
    from oncelint.report.explain import explain_json, explain_text

    path, line = _place(options.place)
    root = _root(path)
    settings = _settings(options, root)
    inside = _inside(Path(path), root)
    try:
        found = api.explain(inside, line, settings=settings, root=root)
    except api.UsageError as error:
        raise _Failure(str(error)) from None
    if not found:
        raise _Failure(
            "there is no Kafka client, configuration of one or write of consumed records at"
            f" {path}:{line}"
        )
    if options.output_format == "json":
        return _write(explain_json(found), CLEAN)
    return _write(explain_text(found, _displayed(root)), CLEAN)


def _place(text: str) -> tuple[str, int]:
    """A path and a line; a column behind them, as compilers print it, is left out."""
    import re

    found = re.fullmatch(r"(.+?):(\d+)(?::\d+)?", text)
    if found is None or int(found[2]) < 1:
        raise _Failure(f"{text} is no place; write PATH:LINE, as in app/main.py:12")
    return found[1], int(found[2])


def _config(options: argparse.Namespace) -> int:
    from oncelint import api
    from oncelint.report.text import printable
    from oncelint.settings import as_toml

    root = _root(options.path)
    settings = _settings(options, root)
    for note in settings.notes:
        _say(f"oncelint: {note}")
    files = sorted(api.files(root, settings))
    if options.output_format == "json":
        import json

        import tomli  # the settings as data are what their TOML says

        data = {
            "root": str(root),
            "sources": list(settings.sources),
            "settings": tomli.loads(as_toml(settings)),
            "files": files,
        }
        return _write(json.dumps(data, indent=2) + "\n", CLEAN)
    head = f"# project: {root}\n# settings from: {', '.join(settings.sources) or 'no file'}\n"
    listing = "".join(f"#   {printable(name)}\n" for name in files)
    kinds = (
        f"# {_number(len(files), 'file')} of a kind that can matter; those about Kafka are read:"
    )
    return _write(f"{head}{as_toml(settings)}\n{kinds}\n{listing}", CLEAN)


def _settings(options: argparse.Namespace, root: Path) -> Settings:
    from oncelint import settings

    try:
        return settings.load(
            root, isolated=options.isolated, config=options.config, names=_rule_names
        )
    except settings.SettingsError as error:
        raise _Failure(str(error)) from None


def _rule_names() -> Collection[str]:
    """All ids and groups."""
    from oncelint import check

    catalogue = check.catalogue()
    return {*catalogue, *(rule.group for rule in catalogue.values())}


def _merged(settings: Settings, options: argparse.Namespace) -> Settings:
    """The settings with what the command line says over them.

    `--select` starts the choice of rules anew; `--ignore` and `--extend-select` add to it.
    """
    from dataclasses import replace

    select, ignore, extend = (
        _listed(flag, values)
        for flag, values in (
            ("--select", options.select),
            ("--ignore", options.ignore),
            ("--extend-select", options.extend_select),
        )
    )
    if select:
        settings = replace(settings, select=select, ignore=(), extend_select=())
    kept = tuple(name for name in settings.ignore if name not in extend)
    given = {
        name: value
        for name in ("pedantic", "preview", "min_severity", "min_confidence", "fail_on")
        if (value := getattr(options, name)) is not None
    }
    return replace(
        settings,
        ignore=(*kept, *ignore),
        extend_select=(*settings.extend_select, *extend),
        **given,
    )


def _listed(flag: str, values: Iterable[str]) -> tuple[str, ...]:
    """Comma-separated rule names of one flag, each a real one."""
    names = tuple(name for value in values for item in value.split(",") if (name := item.strip()))
    if names:
        from oncelint.settings import nearest

        known = _rule_names()
        for name in names:
            if name not in known:
                near = nearest(name, known)
                hint = f", did you mean {near}?" if near else ""
                raise _Failure(f"{flag}: there is no rule or group {name}{hint}")
    return names


def _output(item: str) -> tuple[str, str]:
    from oncelint.report import FORMATS

    format, equals, name = item.partition("=")
    if not equals or not name or format not in FORMATS:
        raise _Failure(f"--output {item}: write FORMAT=FILE, with a format of {', '.join(FORMATS)}")
    return format, name


def _directory(path: str, *, must_exist: bool = True) -> Path:
    """The folder a path lies in, or is."""
    from pathlib import Path

    given = Path(path)
    if given.is_dir():
        return given
    if must_exist and not os.path.lexists(given):
        raise _Failure(f"there is no file or folder {path}")
    return given.parent


def _root(path: str, *, must_exist: bool = True) -> Path:
    """The project of a path: its git repository; without git the folder that is named, or for a
    file the working directory it lies under."""
    from pathlib import Path

    from oncelint import api

    folder = _directory(path, must_exist=must_exist)
    root = api.project_root(folder)
    here = Path.cwd()
    if (root / ".git").exists() or Path(path).is_dir():
        return root
    return here if here in folder.resolve().parents else root


def _inside(path: Path, root: Path) -> str:
    """The path relative to the project root, with forward slashes."""
    absolute = path.parent.resolve() / path.name
    try:
        return absolute.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise _Failure(f"{path} is not inside the project {root}") from None


def _displayed(root: Path) -> Callable[[str], str]:
    """Paths of the project as the reader's working directory names them: relative when one lies
    in the other, else absolute."""
    from pathlib import Path

    base, here = root.resolve(), Path.cwd().resolve()
    if base == here:
        return lambda path: path
    if here in base.parents or base in here.parents:
        return lambda path: Path(os.path.relpath(base / path, here)).as_posix()
    return lambda path: (base / path).as_posix()


def _context(options: argparse.Namespace, root: Path, overlay: Mapping[str, bytes]) -> Context:
    from oncelint.report import Context

    return Context(
        source=_Sources(root, overlay),
        rules=_catalogue,
        page=_page,
        display=_displayed(root),
        show_subjects=options.show_subjects,
        show_unresolved=options.show_unresolved,
        statistics=options.statistics,
        color=_color(options.color, sys.stdout),
        width=_width(),
    )


def _catalogue() -> Mapping[str, Rule]:
    from oncelint import check

    return check.catalogue()


def _page(rule: str) -> str:
    from oncelint import check

    return check.page(rule)


class _Sources:
    """The files' texts, each read once; an overlay counts over the file."""

    def __init__(self, root: Path, overlay: Mapping[str, bytes]) -> None:
        self._root = root
        self._overlay = overlay
        self._read: dict[str, SourceText | None] = {}

    def __call__(self, path: str) -> SourceText | None:
        if path not in self._read:
            self._read[path] = self._decode(path)
        return self._read[path]

    def _decode(self, path: str) -> SourceText | None:
        from oncelint.text import SourceText, TextError

        try:
            data = self._overlay.get(path)
            if data is None:
                data = (self._root / path).read_bytes()
            return SourceText.decode(path, data, latin1=path.endswith(".properties"))
        except (OSError, TextError):
            return None


class _Progress:
    """A bar on stderr, drawn once a run has lasted a second."""

    def __init__(self, *, enabled: bool) -> None:
        import time

        self._clock = time.monotonic
        self._enabled = enabled
        self._next = self._clock() + 1
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        if not self._enabled or self._clock() < self._next:
            return
        self._next = self._clock() + 0.1
        filled = 24 * done // total if total else 24
        text = f"[{'#' * filled}{' ' * (24 - filled)}] {done}/{total} files"
        sys.stderr.write("\r" + text.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(text)

    def clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0


def _color(wanted: str, stream: object) -> bool:
    """Whether to write colour; NO_COLOR (no-color.org) counts over FORCE_COLOR, a flag over both."""
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _width() -> int | None:
    """The terminal's width in cells; None when stdout is none."""
    if not _is_terminal(sys.stdout):
        return None
    import shutil

    return max(40, shutil.get_terminal_size((80, 24)).columns)


def _help_width() -> int:
    """The width for help in cells, as argparse chooses it."""
    try:
        columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns
    except (OSError, ValueError):
        columns = 80
    return max(columns, 20) - 2


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty())


def _write(text: str, code: int) -> int:
    """Write to stdout and return `code`; whoever closed the pipe wants no more, and no traceback."""
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or "ascii"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
    return code


def _write_bytes(data: bytes) -> None:
    """Write to stdout what is no text, or text whose bytes must stay."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)


def _say(line: str) -> None:
    """A line on stderr; never a reason to fail."""
    try:
        encoding = sys.stderr.encoding or "ascii"
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        _abandon(sys.stderr)


def _abandon(stream: object) -> None:
    """Point a closed pipe's descriptor nowhere, so that the interpreter's last flush is silent."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    run()
