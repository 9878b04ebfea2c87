"""What is written to the terminal: text, bytes, sentences on stderr, progress."""

from __future__ import annotations

import os
import sys

# The exit codes.
CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


class Failure(Exception):
    """The job cannot be done; the message is the sentence for the user."""


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class Progress:
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


def is_colored(wanted: str, stream: object) -> bool:
    """Whether to write colour; NO_COLOR (no-color.org) counts over FORCE_COLOR, a flag over both."""
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def width_of_terminal() -> int | None:
    """The terminal's width in cells; None when stdout is none."""
    if not is_terminal(sys.stdout):
        return None
    import shutil

    return max(40, shutil.get_terminal_size((80, 24)).columns)


def help_width() -> int:
    """The width for help in cells, as argparse chooses it."""
    try:
        columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns
    except (OSError, ValueError):
        columns = 80
    return max(columns, 20) - 2


def is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty())


def write(text: str, code: int) -> int:
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


def write_bytes(data: bytes) -> None:
    """Write to stdout what is no text, or text whose bytes must stay."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)


def say(line: str) -> None:
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
