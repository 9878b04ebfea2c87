"""The flags of each command."""

from __future__ import annotations

from oncelint.cli.terminal import help_width

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection


def parser_for(arguments: Collection[str]) -> argparse.ArgumentParser:
    """The parser for these arguments; commands that are not among them get no flags."""
    import argparse  # 9 ms, and --version does without
    from functools import partial

    # argparse asks for the width with every flag, by way of an archiver it loads for that
    formatter = partial(argparse.HelpFormatter, width=help_width())
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
