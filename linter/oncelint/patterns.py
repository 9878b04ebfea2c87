"""Patterns of .gitignore's kind, in the project's files and in the settings."""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a relative path, with a slash behind a folder, is one that the patterns leave out.

    What is no pattern, as `build` with a backslash behind it, is passed over as git does.
    """
    from pathspec import GitIgnoreSpec  # only where there are patterns

    try:
        return GitIgnoreSpec.from_lines(patterns).match_file
    except ValueError:
        return GitIgnoreSpec.from_lines(filter(is_pattern, patterns)).match_file


def is_pattern(line: str) -> bool:
    """Whether a line is a pattern, or empty, or a comment."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
