"""Shell scripts, as far as texts and commands stand in them: words, quoting, here-documents.

POSIX's token recognition (Shell Command Language, 2.2, 2.3, 2.6 and 2.7.4) with bash's additions
`<<<`, `$'…'`, `[[ … ]]` and process substitution. Nothing is expanded: what an expansion gives is
known when the script runs, and stands as `${NAME}` in a word's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncelint.formats.guards import MAX_DEPTH, check, check_depth, without_lone_surrogates
from oncelint.formats.tree import Comment, Document
from oncelint.text import Text

Quoting: TypeAlias = Literal["plain", "single", "double", "ansi", "here", "verbatim", "expansion"]
"""How a part of a text is written: `ansi` is `$'…'`, `here` a here-document with expansions,
`verbatim` one without."""


@dataclass(frozen=True, slots=True)
class Part:
    """`text` as `length` code points beginning at `start` mean it."""

    text: str
    start: int
    length: int
    quoting: Quoting
    inside: Quoting = "plain"
    """For an expansion: what it stands in."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command: `text` without its quoting, `known` when nothing in it is expanded.
    `margin` is what each line of a `<<-` here-document begins with."""

    start: int
    end: int
    parts: tuple[Part, ...]
    margin: str = ""

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def known(self) -> bool:
        return all(part.quoting != "expansion" for part in self.parts)

    @property
    def quoted(self) -> bool:
        return any(part.quoting in _QUOTES for part in self.parts)


@dataclass(frozen=True, slots=True)
class Redirect:
    """`> file`: the operator and its word."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. `heredocs` are the here-documents (and here-strings) it reads, `piped` the
    command whose output it reads; `assignments` are the `NAME=value` words before its name."""

    start: int
    end: int
    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    heredocs: tuple[Word, ...] = ()
    piped: Command | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        """The words' texts, without what merely runs the command (`sudo`, `exec`, `time`)."""
        words = [word.text for word in self.words]
        while words and words[0] in _RUNNERS:
            words = words[1:]
        return tuple(words)


_QUOTES = ("single", "double", "ansi")
_RUNNERS = frozenset({"sudo", "exec", "time", "nohup", "command", "builtin"})
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac"}
)
_DECLARING = frozenset({"export", "local", "readonly", "declare"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_CALLED = re.compile(r"(?:\$\(|`)\s*([a-z][\w-]*)")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_PLAIN = re.compile(r"[^\s\\'\"`$;&|()<>]+")
_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_REDIRECT = re.compile(r"<<<|<<-|<<|<&|<>|<|>>|>&|>\||&>>|&>|>")
_IN_ANSI = re.compile(r"[^\\']+")
_ANSI_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abeEfnrtv\\'\"?])|(?P<octal>[0-7]{1,3})|x(?P<byte>[0-9A-Fa-f]{1,2})"
    r"|u(?P<short>[0-9A-Fa-f]{1,4})|U(?P<long>[0-9A-Fa-f]{1,8})|c(?P<control>.))"
)
_ANSI_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_IN_DOUBLE = re.compile(r"[^\\\"$`]+")
_MAX_DEPTH = 50
_SIMPLE = re.compile(r"[^{}\"\\\n]{0,200}\}")
_PATIENCE = 50  # failures after which no more than simple expansions are looked for
_LONGEST = 400
"""Code points of one `${…}`: what is longer was never closed."""


def read(text: Text) -> Document:
    """Read a script. It has comments, and no tree: what stands in it are its `commands` and texts.

    Raises FormatError past the limits of `oncelint.formats.guards`.
    """
    return Document((), parse(text).comments)


def commands(text: Text) -> tuple[Command, ...]:
    """All simple commands of a script by their places: those of functions, branches, pipelines,
    subshells and command substitutions among them.

    Raises FormatError as `read` does.
    """
    return parse(text).commands


@dataclass(frozen=True, slots=True)
class Script:
    commands: tuple[Command, ...]
    comments: tuple[Comment, ...]


def parse(text: Text) -> Script:
    """The commands and comments of a script; what is never closed reaches to its end.

    Raises FormatError as `read` does.
    """
    source = without_lone_surrogates(text.text)
    check(source, "shell")
    parser = _Parser(source)
    parser.script(0, "")
    found = sorted(parser.commands, key=lambda one: (one.start, -one.end))
    return Script(tuple(found), tuple(sorted(parser.comments, key=lambda one: one.start)))


class _Draft:
    """A command that is being read."""

    def __init__(self, piped: Command | None) -> None:
        self.words: list[Word] = []
        self.assignments: list[Word] = []
        self.redirects: list[Redirect] = []
        self.heredocs: list[Word] = []
        self.piped = piped
        self.start = -1
        self.end = -1
        self.at = -1  # among the commands, once it is one of them

    def extend(self, start: int, end: int) -> None:
        self.start = start if self.start < 0 else self.start
        self.end = max(self.end, end)


@dataclass(slots=True)
class _Pending:
    """A here-document whose body begins behind the line."""

    draft: _Draft
    delimiter: str
    verbatim: bool
    tabs: bool


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.commands: list[Command] = []
        self.comments: list[Comment] = []
        self.depth = 0
        self.last_brace = source.rfind("}")
        self.unclosed = 0

    def script(self, place: int, closing: str) -> int:
        """Read commands up to `closing` (or to the end), and give the place behind it."""
        self.depth += 1
        check_depth(self.depth * (MAX_DEPTH // _MAX_DEPTH), place)
        try:
            return _Level(self, closing).run(place)
        finally:
            self.depth -= 1

    # words --------------------------------------------------------------------------------------

    def word(self, place: int) -> Word:
        source, start = self.source, place
        parts: list[Part] = []
        while place < len(source):
            char = source[place]
            if char == "\\":
                if source.startswith(("\\\n", "\\\r\n"), place):
                    place += 2 if source[place + 1] == "\n" else 3
                    continue
                parts.append(Part(source[place + 1 : place + 2], place, 2, "plain"))
                place += 2
            elif char == "'":
                end = source.find("'", place + 1)
                end = len(source) if end < 0 else end
                parts.append(Part(source[place + 1 : end], place + 1, end - place - 1, "single"))
                place = end + 1
            elif char == '"':
                place = self._double(place + 1, parts)
            elif char in "$`":
                place = self._dollar(place, parts, "plain")
            elif char in "<>" and source.startswith("(", place + 1):
                end = self.script(place + 2, ")")
                parts.append(Part("${substitution}", place, end - place, "expansion"))
                place = end
            else:
                plain = _PLAIN.match(source, place)
                if plain is None:
                    break
                parts.append(Part(plain.group(), place, plain.end() - place, "plain"))
                place = plain.end()
        return Word(start, min(place, len(source)), tuple(parts))

    def _double(self, place: int, parts: list[Part]) -> int:
        source = self.source
        parts.append(Part("", place, 0, "double"))
        while place < len(source) and source[place] != '"':
            char = source[place]
            if char == "\\":
                place = _escape(source, place, '$`"\\', "double", parts)
            elif char in "$`":
                place = self._dollar(place, parts, "double")
            else:
                run = _IN_DOUBLE.match(source, place)
                assert run is not None
                parts.append(Part(run.group(), place, run.end() - place, "double"))
                place = run.end()
        return place + 1

    def _dollar(self, place: int, parts: list[Part], inside: Quoting) -> int:
        """An expansion at `place`, or a dollar that is none."""
        source = self.source
        if source.startswith("$'", place) and inside == "plain":
            return self._ansi(place + 2, parts)
        if source.startswith('$"', place) and inside == "plain":
            return self._double(place + 2, parts)
        end = self._expansion(place)
        if end == place + 1:
            parts.append(Part(source[place], place, 1, inside))
        else:
            told = _told(source[place:end])
            parts.append(Part(told, place, end - place, "expansion", inside))
        return end

    def _ansi(self, place: int, parts: list[Part]) -> int:
        """A `$'…'` whose text begins at `place`, and the place behind it (bash, "ANSI-C Quoting")."""
        source = self.source
        parts.append(Part("", place, 0, "ansi"))
        while place < len(source) and source[place] != "'":
            if source[place] != "\\":
                run = _IN_ANSI.match(source, place)
                assert run is not None
                parts.append(Part(run.group(), place, run.end() - place, "ansi"))
                place = run.end()
                continue
            escape = _ANSI_ESCAPE.match(source, place)
            if escape is None:  # a backslash that escapes nothing stays
                parts.append(Part("\\", place, 1, "ansi"))
                place += 1
                continue
            parts.append(Part(_unescaped(escape), place, escape.end() - place, "ansi"))
            place = escape.end()
        return place + 1

    def _expansion(self, place: int) -> int:
        """The place behind the expansion that begins here."""
        source = self.source
        if source[place] == "`":
            end = place + 1
            while end < len(source) and source[end] != "`":
                end += 2 if source[end] == "\\" else 1
            return min(end + 1, len(source))
        if source.startswith("$((", place):
            end = source.find("))", place)
            return len(source) if end < 0 else end + 2
        if source.startswith("$(", place):
            return self.script(place + 2, ")")
        if source.startswith("${", place):
            return self._braces(place + 2)
        name = _NAME.match(source, place + 1)
        return name.end() if name else place + 1

    def _braces(self, place: int) -> int:
        """The place behind the brace that closes `${`; behind its dollar when none does."""
        source, start, depth = self.source, place, 1
        simple = _SIMPLE.match(source, place)
        if simple is not None:
            return simple.end()
        if place > self.last_brace or self.unclosed > _PATIENCE:
            return start - 1
        while place < len(source) and place - start < _LONGEST:
            char = source[place]
            if char == "\\":
                place += 1
            elif char == '"':
                end = source.find('"', place + 1)
                place = end if end >= 0 else place
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if not depth:
                    return place + 1
            place += 1
        self.unclosed += 1
        return start - 1

    # here-documents -----------------------------------------------------------------------------

    def heredoc(self, place: int, pending: _Pending) -> int:
        """Read the body that begins at `place`, and give the place behind its closing line."""
        source = self.source
        start = place
        while place < len(source):
            end = source.find("\n", place)
            end = len(source) if end < 0 else end
            line = source[place:end].rstrip("\r")
            if (line.lstrip("\t") if pending.tabs else line) == pending.delimiter:
                break
            place = end + 1
        else:
            end = len(source)
        body = min(place, len(source))
        parts: list[Part] = []
        if pending.verbatim:
            parts.append(Part(source[start:body], start, body - start, "verbatim"))
        else:
            self._expanded(start, body, parts)
        margin = ""
        if pending.tabs:
            parts = list(_without_tabs(parts))
            first = source[start:body].lstrip("\r\n")
            margin = first[: len(first) - len(first.lstrip("\t"))]
        pending.draft.heredocs.append(Word(start, body, tuple(parts), margin))
        return min(end + 1, len(source))

    def _expanded(self, place: int, end: int, parts: list[Part]) -> None:
        source = self.source
        while place < end:
            char = source[place]
            if char == "\\":
                place = _escape(source, place, "$`\\", "here", parts)
            elif char in "$`":
                place = self._dollar(place, parts, "here")
            else:
                stop = min(
                    (at for c in "\\$`" if (at := source.find(c, place, end)) >= 0), default=end
                )
                parts.append(Part(source[place:stop], place, stop - place, "here"))
                place = stop


class _Level:
    """One list of commands: the script itself, or what stands in `$( … )`."""

    def __init__(self, parser: _Parser, closing: str) -> None:
        self.parser = parser
        self.closing = closing
        self.draft = _Draft(None)
        self.pending: list[_Pending] = []
        self.nested = 0

    def run(self, place: int) -> int:
        source = self.parser.source
        while place < len(source):
            blank = _BLANK.match(source, place)
            if blank is not None:
                place = blank.end()
                continue
            char = source[place]
            if char == self.closing and not self.nested:
                self.finish()
                return place + 1
            place = self._step(char, place)
        self.finish()
        return len(source)

    def _step(self, char: str, place: int) -> int:
        source = self.parser.source
        if char == "\n":
            self.finish()
            place += 1
            pending, self.pending = self.pending, []
            for one in pending:
                place = self.parser.heredoc(place, one)
                self._late(one.draft)
            return place
        if char == "#":
            end = source.find("\n", place)
            end = len(source) if end < 0 else end
            written = source[place:end].rstrip()
            self.parser.comments.append(
                Comment(place, place + len(written), written.lstrip("#").strip())
            )
            return end
        if char in "<>" and not source.startswith("(", place + 1):
            return self._redirect(place)
        if char == "&" and source.startswith("&>", place):
            return self._redirect(place)
        if char in ";&":
            self.finish()
            return place + 1
        if char == "|":
            self.finish(pipe=not source.startswith("||", place))
            return place + (2 if source[place + 1 : place + 2] in ("|", "&") else 1)
        if char in "()":
            self.finish()
            if char == "(":
                self.nested += 1
            else:
                self.nested = max(self.nested - 1, 0)
            return place + 1
        return self._word(place)

    def _word(self, place: int) -> int:
        word = self.parser.word(place)
        if word.end == place:
            return place + 1
        draft = self.draft
        if not draft.words and not word.quoted and word.text in _KEYWORDS:
            return word.end
        declares = len(draft.words) == 1 and draft.words[0].text in _DECLARING
        if (not draft.words or declares) and _ASSIGNMENT.match(self.parser.source, place):
            draft.assignments.append(word)
        else:
            draft.words.append(word)
        draft.extend(place, word.end)
        return word.end

    def _redirect(self, place: int) -> int:
        source, draft = self.parser.source, self.draft
        operator = _REDIRECT.match(source, place)
        assert operator is not None
        # `2>&1`: the number is no word of the command
        if draft.words and draft.words[-1].end == place and draft.words[-1].text.isdigit():
            draft.words.pop()
        blank = _BLANK.match(source, operator.end())
        target = self.parser.word(blank.end() if blank else operator.end())
        draft.extend(place, target.end)
        kind = operator.group()
        if kind in ("<<", "<<-"):
            verbatim = any(
                part.quoting in _QUOTES or part.length > len(part.text) for part in target.parts
            )
            written = source[target.start : target.end]
            name = target.text if target.known else written
            self.pending.append(_Pending(draft, name, verbatim, kind == "<<-"))
        elif kind == "<<<":
            draft.heredocs.append(target)
        else:
            draft.redirects.append(Redirect(kind, target))
        return max(target.end, operator.end())

    def finish(self, *, pipe: bool = False) -> None:
        """The command ends; the next one reads its output behind a `pipe`."""
        draft, self.draft = self.draft, _Draft(None)
        command = _made(draft)
        if command is None:
            return
        draft.at = len(self.parser.commands)
        self.parser.commands.append(command)
        if pipe:
            self.draft.piped = command

    def _late(self, draft: _Draft) -> None:
        """Complete a command, which was finished before the body of its here-document."""
        made = _made(draft)
        if made is not None and draft.at >= 0:
            self.parser.commands[draft.at] = made


def _made(draft: _Draft) -> Command | None:
    if draft.start < 0:
        return None
    return Command(
        draft.start,
        draft.end,
        tuple(draft.words),
        tuple(draft.assignments),
        tuple(draft.redirects),
        tuple(draft.heredocs),
        draft.piped,
    )


def _escape(source: str, place: int, special: str, quoting: Quoting, parts: list[Part]) -> int:
    """A backslash in double quotes or a here-document, where it escapes only some characters."""
    following = source[place + 1 : place + 2]
    if following == "\n":
        parts.append(Part("", place, 2, quoting))
        return place + 2
    if following and following in special:
        parts.append(Part(following, place, 2, quoting))
        return place + 2
    parts.append(Part("\\", place, 1, quoting))
    return place + 1


def _unescaped(escape: re.Match[str]) -> str:
    """What an escape of `$'…'` means; bytes count as the letters of Latin-1."""
    if escape["simple"] is not None:
        return _ANSI_SIMPLE.get(escape["simple"], escape["simple"])
    if escape["octal"] is not None:
        return chr(int(escape["octal"], 8) & 0xFF)
    if escape["control"] is not None:
        return chr(ord(escape["control"].upper()) & 0x1F)
    point = int(escape["byte"] or escape["short"] or escape["long"], 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else "\ufffd"


def _without_tabs(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts of a `<<-` here-document, without the tabs that its lines begin with."""
    fresh = True
    for part in parts:
        if part.quoting == "expansion" or part.length != len(part.text):
            fresh = False
            yield part
            continue
        place = 0
        for line in part.text.splitlines(keepends=True):
            cut = len(line) - len(line.lstrip("\t")) if fresh else 0
            start = part.start + place + cut
            yield Part(line[cut:], start, len(line) - cut, part.quoting)
            place += len(line)
            fresh = line.endswith("\n")


def _told(written: str) -> str:
    """An expansion as a placeholder that every format takes for text; a command's has its name."""
    if written.startswith("${") and written.endswith("}"):
        inner = written[2:-1]
        return "${" + re.sub(r"[\"'\\\s{}]", "", inner) + "}"
    name = _NAME.fullmatch(written, 1)
    called = _CALLED.match(written)
    told = name.group() if name else called[1] if called else "command"
    return "${" + told + "}"


def value_of(assignment: Word) -> Word:
    """The value of a `NAME=value` word, as a word of its own."""
    first, *rest = assignment.parts
    cut = first.text.find("=") + 1
    value = Part(first.text[cut:], first.start + cut, first.length - cut, first.quoting)
    parts = (value, *rest) if value.text else tuple(rest)
    return Word(first.start + cut, assignment.end, parts)
