"""The failures that documents under fixtures/failures tell of: their programs, and what they leave.

A document has a program with the flaw its rule reports, `flawed.py`, and one without, `corrected.py`.
Comments in them say where something goes wrong; `play.py` puts it there:

    # killed: VALUE            the process is killed when the record of this value is in hand
    # killed late: VALUE       and has been for a while
    # raises: VALUE, ERROR     the call that stands here fails
    # waits: VALUE             the process takes longer than its group waits
    # fenced: VALUE, ID        another producer takes the transactional id
    # ends: VALUE              the program ends, if this was the last record

The `outcome` fence says what is looked at, and what is found there of either program: the numbers of
the records, the last of which is "last", or "less" for some of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "fixtures" / "failures"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.M | re.S)
_MARK = re.compile(
    r"^(?P<indent> *)# (?P<what>killed(?: late)?|raises|waits|fenced|ends): (?P<of>.+)$", re.M
)
_FLAWS = ("flawed", "corrected")


@dataclass(frozen=True, slots=True)
class Failure:
    """One program of one document.

    `seen` says where to look for what is done, `expected` what is there, `says` what the program
    is heard to say. `between` is a statement that is executed before the successor starts,
    `together` the record at which a second member joins, `meanwhile` the value of records that come
    all the time.
    """

    rule: str
    name: str
    flaw: str
    program: str
    seen: str
    expected: tuple[str, ...]
    says: str = ""
    between: str = ""
    together: str = ""
    meanwhile: str = ""

    @property
    def id(self) -> str:
        return f"{self.rule}/{self.name}/{self.flaw}"

    @property
    def strikes(self) -> bool:
        """Whether the record at which something goes wrong is reached."""
        marks = {one["what"] for one in _MARK.finditer(self.program)}
        return marks != {"ends"} and self.expected != ()


def read(path: Path) -> list[Failure]:
    """The flawed program of a document and the corrected one.

    Raises:
        KeyError: for a document without one of them, or without its outcome.
    """
    fences = {
        one["info"].split()[-1]: one["body"]
        for one in _FENCE.finditer(path.read_text(encoding="utf-8"))
    }
    found: list[Failure] = []
    told: dict[str, str] = {}
    for line in fences["outcome"].splitlines():
        key, _, value = line.partition(" |")
        told[key] = value.strip()
        if key in _FLAWS:
            program = fences[f"path={key}.py"]
            found.append(
                Failure(
                    path.parent.name,
                    path.stem,
                    key,
                    program,
                    told["seen"],
                    tuple(value.split()),
                    says=told.get("says", "") if key == "flawed" else "",
                    between=told.get("between", ""),
                    together=told.get("together", ""),
                    meanwhile=told.get("meanwhile", ""),
                )
            )
    return found


def failures() -> list[Failure]:
    """All programs of all documents."""
    return [one for path in sorted(FOLDER.glob("*/*.md")) for one in read(path)]


def set_off(program: str) -> str:
    """A program with its comments turned into what they say, as calls of `play`."""
    return _MARK.sub(
        lambda one: f"{one['indent']}play.{one['what'].replace(' ', '_')}(lambda: ({one['of']},))",
        program,
    )
