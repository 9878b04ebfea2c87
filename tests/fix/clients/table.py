"""The table fix × client × release as Markdown: written from cells, and read again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from packaging.version import Version
from tests.dialects.installations import DISTRIBUTIONS
from tests.fix.clients.cells import JAVA_VERSIONS, Cell
from tests.fix.clients.fix_cases import CASES, FixCase

from client_versions import LIBRARIES, PINNED

PATH = Path(__file__).resolve().parents[3] / "docs" / "client-table.md"
NOTHING = "–"
COMMITTED = "²"
_REFUSED = "¹"
_LIBRARY = " (library)"

Place: TypeAlias = tuple[str, str, str, str]
"""Client, rule, configuration and release."""

_HEAD = """<!-- Written by tools/fix_table.py from runs of the clients. -->
# Fixes and the clients that take them

Each row is a small project with one finding. For each release of its client, which the project then
names exactly unless the row says otherwise, oncelint fixes the project, once with the rule's fixes
alone and once with all of them, unsafe ones included. Then the client itself is started with the
configuration before and after.

* `passed`: the client refused the configuration before exactly where oncelint says so, with the
  exception that oncelint names, and took the one after. Producers of the Python clients have sent a
  record to librdkafka's mock cluster; Kafka's own clients are constructed, without a broker.
* `¹`: the client had refused the configuration before.
* `²`: a transaction with a record and offsets was committed with the configuration after.
* `–`: the rule writes no fix at this release, because nothing is wrong, or because only the user can
  know what was meant; that it writes none was tried as well. An empty cell is a release that the
  project is not meant for.
* `skipped`, `failed`: with the reason.

Of a release marked as library the librdkafka alone was asked: it constructs clients and sends nothing.
"""


def place(cell: Cell) -> Place:
    """Where a cell stands."""
    return cell.case.client, cell.case.rule, cell.case.about, cell.version


def shown(cell: Cell) -> str:
    """What a cell says."""
    if cell.outcome == "none":
        return NOTHING
    marks = (_REFUSED if cell.refused else "") + (COMMITTED if cell.committed else "")
    why = " ".join(cell.why.split()).replace("|", "/")
    return f"{cell.outcome}{marks}: {why}" if why else f"{cell.outcome}{marks}"


def releases() -> Mapping[str, Sequence[str]]:
    """Client to the releases that the table has, ascending."""
    found = {name: list(PINNED[name]) for name in DISTRIBUTIONS.values()}
    found["confluent-kafka"] += LIBRARIES
    columns = {name: sorted(set(some), key=Version) for name, some in found.items()}
    return {**columns, **JAVA_VERSIONS}


def places() -> Iterator[Place]:
    """Every place that has a cell."""
    for case in CASES:
        for version in releases()[case.client]:
            if case.is_tried(version):
                yield case.client, case.rule, case.about, version


def rendered(cells: Iterable[Cell], libraries: Iterable[str] = ()) -> str:
    """The table's text; a place without a cell says that it was skipped.

    Args:
        cells: what became of the trials.
        libraries: the releases of confluent-kafka of which the library alone was asked.
    """
    found = {place(one): one for one in cells}
    texts = {one: shown(found[one]) if one in found else "skipped: not here" for one in places()}
    marked = frozenset(libraries)
    counted = Counter(re.split(r"[¹²:]", text)[0] for text in texts.values())
    sums = ", ".join(
        f"{counted[name]} {name}" for name in ("passed", "skipped", "failed") if counted[name]
    )
    parts = [_HEAD, f"{len(texts)} cells: {sums}, and {counted[NOTHING]} without a fix.\n"]
    for client, columns in releases().items():
        labels = [
            one + _LIBRARY if client == "confluent-kafka" and one in marked else one
            for one in columns
        ]
        parts.append(f"## {client}\n")
        parts.append(_row(("rule", "configuration", *labels)))
        parts.append(_row(["---"] * (len(columns) + 2)))
        for case in CASES:
            if case.client == client:
                parts.append(_row((case.rule, case.about, *_texts(case, columns, texts))))
        parts.append("")
    return "\n".join(parts)


def _texts(case: FixCase, columns: Iterable[str], texts: Mapping[Place, str]) -> list[str]:
    return [texts.get((case.client, case.rule, case.about, one), "") for one in columns]


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def read(text: str) -> dict[Place, str]:
    """What a table says at each place."""
    found: dict[Place, str] = {}
    client, columns = "", list[str]()
    for line in text.splitlines():
        if line.startswith("## "):
            client, columns = line.removeprefix("## "), []
        elif line.startswith("|") and not line.startswith("| ---"):
            first, second, *texts = (part.strip() for part in line.strip("|").split("|"))
            if not columns:
                columns = [one.removesuffix(_LIBRARY) for one in texts]
                continue
            for version, said in zip(columns, texts, strict=True):
                if said:
                    found[client, first, second, version] = said
    return found
