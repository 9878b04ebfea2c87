"""The command line: flags to api to exit code.

0: clean, or all fixed. 1: findings at or above --fail-on, or with --diff a patch. 2: the job could not
be done. 130: interrupted.
Findings go to stdout; the summary, skipped files and progress to stderr.
"""

from __future__ import annotations

import gc
import os
import sys

from oncelint.cli.terminal import CLEAN, FAILED, FOUND, INTERRUPTED, Failure, say, write

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's own) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        from oncelint.version import VERSION  # before argparse, which costs as much again

        return write(f"oncelint {VERSION}\n", CLEAN)
    # A run is short and drops few cycles: looking for them would be a tenth of it.
    gc.disable()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        say("oncelint: interrupted")
        return INTERRUPTED
    except Exception:  # a crash must not look like exit code 1, which means findings
        import traceback

        say(f"{traceback.format_exc()}oncelint: error: this is a bug of oncelint's own")
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


def _run(arguments: list[str]) -> int:
    from oncelint.cli.flags import parser_for  # the commands cost nothing to --version

    parser = parser_for(arguments)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else CLEAN
    if options.version:
        return main(["--version"])
    if options.command is None:
        return write(parser.format_help(), CLEAN)
    from oncelint.cli import checking, pages

    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "check": checking.check_command,
        "rule": pages.rule_command,
        "explain": pages.explain_command,
        "config": pages.config_command,
    }
    try:
        return commands[options.command](options)
    except Failure as failure:
        say(f"oncelint: error: {failure}")
        return FAILED


__all__ = ["CLEAN", "FAILED", "FOUND", "INTERRUPTED", "main", "run"]
