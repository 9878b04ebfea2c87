"""What keeps hostile or broken input from harming a parser, and text from harming an output.

No configuration file comes near these limits; what exceeds them is refused with a FormatError
before a parser sees it. The scans are linear in the text.
"""

from __future__ import annotations

import re

from oncelint.formats.tree import FormatError

MAX_DEPTH = 200
"""Levels of nesting: brackets, indentation, dotted keys."""

MAX_NODES = 100_000
"""Values in one text, and lines, and entries that merge keys add."""

MAX_CHARACTERS = 16_000_000
"""Code points of one text."""

MAX_DOTENV_CHARACTERS = 1_000_000
MAX_DOTENV_BLANKS = 200
"""python-dotenv looks for a comment in time quadratic in a run of blanks."""

MAX_NUMBER = 400
"""Characters of a number that is still converted: Python refuses to print huge integers."""

# The patterns are compiled on use, which is rare. What is never closed reaches to the end, so that
# none of them looks for its end twice.
_JSON_TOKEN = r'"(?:[^"\\]|\\.)*"?|//[^\r\n]*|/\*.*?(?:\*/|\Z)|[\[\]{}]'
_TOML_TOKEN = (
    r'"""(?:[^\\]|\\.)*?(?:"{3,5}|\Z)|\'\'\'.*?(?:\'{3,5}|\Z)'
    r'|"(?:[^"\\\n]|\\.)*"?|\'[^\'\n]*\'?|#[^\n]*|[\[\]{}]'
)
# YAML's quotes cannot be told from apostrophes without parsing: count every bracket.
_YAML_TOKEN = r"[\[\]{}]"
_YAML_COMPACT = rf"^[ ]*(?:[-?:][ \t]+){{{MAX_DEPTH}}}"
_TOML_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_TOML_DOTTED = rf"(?:^|[{{,\[])[ \t]*(?:{_TOML_PART}[ \t]*\.[ \t]*){{{MAX_DEPTH}}}"
_LONE_SURROGATE = "[\ud800-\udfff]"


def check(text: str, kind: str) -> None:
    """Refuse a text of `kind` (a key of `oncelint.formats.READERS`) that could harm its parser.

    Brackets and compact indicators (`- - - x`) deeper than MAX_DEPTH overflow a recursive
    parser's stack, long runs keep a backtracking one busy, and more than MAX_NODES lines, commas
    and brackets any parser. YAML's brackets are counted inside strings too and therefore allowed
    to be ten times as deep; its reader counts exactly.

    Raises FormatError at the place where the limit is passed.
    """
    limit = MAX_DOTENV_CHARACTERS if kind == "dotenv" else MAX_CHARACTERS
    if len(text) > limit:
        raise FormatError(f"longer than {limit} characters", limit)
    _check_size(text, kind)
    if kind == "json":
        _check_brackets(text, _JSON_TOKEN, MAX_DEPTH)
    elif kind == "toml":
        _check_brackets(text, _TOML_TOKEN, MAX_DEPTH)
        if text.count(".") >= MAX_DEPTH:
            _refuse(re.search(_TOML_DOTTED, text, re.MULTILINE))
    elif kind == "yaml":
        _check_brackets(text, _YAML_TOKEN, 10 * MAX_DEPTH)
        _refuse(re.search(_YAML_COMPACT, text, re.MULTILINE))
    elif kind == "dotenv":
        for match in re.finditer(r"[^\S\r\n]+", text):
            if match.end() - match.start() > MAX_DOTENV_BLANKS:
                raise FormatError("a run of blanks too long for an environment file", match.start())


def check_count(nodes: int, offset: int) -> None:
    """Refuse the node that exceeds MAX_NODES; `offset` is where it stands."""
    if nodes > MAX_NODES:
        raise FormatError(f"more than {MAX_NODES} values", offset)


def check_depth(depth: int, offset: int) -> None:
    """Refuse a node nested deeper than MAX_DEPTH; `offset` is where it stands."""
    if depth > MAX_DEPTH:
        raise FormatError(f"nested deeper than {MAX_DEPTH} levels", offset)


def without_lone_surrogates(text: str) -> str:
    """`text` with each surrogate that has no partner replaced by U+FFFD.

    An escape such as `\\ud800` decodes to one; it cannot be encoded, so it must reach neither a
    parser nor a report. The length stays the same.
    """
    return text if text.isascii() else re.sub(_LONE_SURROGATE, "\ufffd", text)


def _check_size(text: str, kind: str) -> None:
    size = text.count("\n") + text.count("\r") - text.count("\r\n")
    if kind in ("json", "toml", "yaml", "logstash", "hcl"):
        size += text.count(",") + text.count("[") + text.count("{")
    elif kind == "shell":
        size += text.count("|") + text.count(";") + text.count("&")
    if size > MAX_NODES:
        raise FormatError("too large for a configuration")


def _check_brackets(text: str, token: str, limit: int) -> None:
    # Most texts have fewer opening brackets in all than would be too deep.
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for match in re.finditer(token, text, re.DOTALL):
        character = match.group()
        if character in ("[", "{"):
            depth += 1
            if depth > limit:
                raise FormatError(f"nested deeper than {limit} levels", match.start())
        elif character in ("]", "}"):
            depth = max(depth - 1, 0)


def _refuse(match: re.Match[str] | None) -> None:
    if match:
        raise FormatError(f"nested deeper than {MAX_DEPTH} levels", match.start())
