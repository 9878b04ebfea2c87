"""What the command that registers a connector says of it: its name, and the worker it goes to.

`PUT /connectors/{name}/config` has the name in its path (Kafka Connect's REST interface); `connect-cli`
takes it as its argument, with the settings on its standard input (Lenses, "Connect CLI").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from oncelint.formats.shell import Command, commands
from oncelint.formats.tree import FormatError
from oncelint.text import Region, Text

_PATH = re.compile(r"/connectors/([^/?#\s]+)/config(?:[/?#]|\Z)")
_URL = re.compile(r"(?:https?://)?(?:[^@/\s]*@)?([\w.$-]+)(?::\d+)?/connectors\b")
_HERE = frozenset({"localhost", "127.0.0.1", "host.docker.internal", "0.0.0.0"})
_CLIENTS = frozenset({"connect-cli", "kafka-connect-cli"})
_TAKES = frozenset({"create", "run", "diff", "validate"})
_WITH_VALUE = frozenset({"-e", "--endpoint", "-f", "--format"})
_HINTS = ("/connectors", "connect-cli")


@dataclass(frozen=True, slots=True)
class Registration:
    """The name that a command gives to a connector, and the host it sends it to; empty where it
    tells none."""

    name: str = ""
    host: str = ""


def registration(text: Text) -> Registration:
    """What the script around a text says of the connector that stands in it."""
    if not isinstance(text, Region) or not any(hint in text.host.text for hint in _HINTS):
        return Registration()
    try:
        found = commands(text.host)
    except FormatError:
        return Registration()
    place = text.host_offset(0)
    holding = [one for one in found if _holds(one, place)]
    # the innermost one holds it, the others run that one or read what it prints
    near = (*reversed(holding), *_readers(found, holding))
    return Registration(_first(map(_name, near)), _first(map(_host, near)))


def _first(told: Iterable[str]) -> str:
    return next((one for one in told if one and "$" not in one), "")


def _holds(command: Command, place: int) -> bool:
    words = (*command.words, *command.heredocs)
    return any(word.start <= place <= word.end for word in words)


def _readers(found: tuple[Command, ...], holding: list[Command]) -> list[Command]:
    """The commands that read the output of those: `cat <<EOF | curl -d @- …`."""
    starts = {one.start for one in holding}
    return [one for one in found if one.piped is not None and one.piped.start in starts]


def _name(command: Command) -> str:
    argv = command.argv
    for index, word in enumerate(argv):
        if word.rpartition("/")[2] in _CLIENTS:
            return _argument(argv[index + 1 :])
    for word in argv:
        path = _PATH.search(word)
        if path is not None:
            return path.group(1)
    return ""


def _host(command: Command) -> str:
    """The host that a command sends something to; none where that is the machine it runs on."""
    for word in command.argv:
        found = _URL.match(word)
        if found is not None and found.group(1) not in _HERE:
            return found.group(1)
    return ""


def _argument(words: tuple[str, ...]) -> str:
    """The name among the words of `connect-cli create NAME`."""
    plain: list[str] = []
    skip = False
    for word in words:
        if skip or word in _WITH_VALUE:
            skip = not skip
        elif not word.startswith("-"):
            plain.append(word)
    return plain[1] if len(plain) > 1 and plain[0] in _TAKES else ""
