"""Every fix of a client's configuration, held to the client itself and to docs/client-table.md.

The installed Python clients are always asked, pinned releases where ONCELINT_CLIENTS is set, and
Kafka's own classes where ONCELINT_JAVA=1. The table in the tree is compared cell by cell with what
was asked in this run; it is written by `python tools/fix_table.py --write`.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from tests.dialects.installations import DISTRIBUTIONS, Installation, installations
from tests.fix.clients import table
from tests.fix.clients.cells import JAVA_VERSIONS, Cell, java_cells, mock_cluster, python_cells
from tests.fix.clients.configurations import Configuration, of_properties, of_python
from tests.fix.clients.fix_cases import CASES, NONE, FixCase

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
NO_JAVA = (
    f"needs {', '.join(MISSING)}"
    if MISSING
    else "fetches Kafka's artifacts: set ONCELINT_JAVA=1 to run"
)


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """Address of librdkafka's mock cluster, in this process while the tests run."""
    pytest.importorskip("confluent_kafka")
    with mock_cluster() as address:
        yield address


@functools.cache
def in_table() -> dict[table.Place, str]:
    """What the table in the tree says."""
    return table.read(table.PATH.read_text(encoding="utf-8"))


@functools.cache
def asked(installation: Installation, bootstrap: str) -> dict[str, Cell]:
    """A release's cells by their case."""
    return {cell.case.id: cell for cell in python_cells(installation, bootstrap)}


@functools.cache
def measured(artifact: str, version: str) -> dict[str, Cell]:
    """A Java release's cells by their case."""
    return {cell.case.id: cell for cell in java_cells(artifact, version)}


def python_runs() -> Iterator[Any]:
    for installation in installations():
        name = DISTRIBUTIONS[installation.dialect]
        for case in CASES:
            if case.client == name and case.is_tried(installation.version):
                yield pytest.param(case, installation, id=f"{case.id} [{installation}]")


def java_runs() -> Iterator[Any]:
    for case in CASES:
        for version in JAVA_VERSIONS.get(case.client, ()):
            if case.is_tried(version):
                yield pytest.param(case, version, id=f"{case.id} [{version}]")


@pytest.mark.parametrize(("case", "installation"), list(python_runs()))
def test_python_client_takes_the_fix(
    case: FixCase, installation: Installation, bootstrap: str
) -> None:
    check(asked(installation, bootstrap)[case.id])


@pytest.mark.skipif(bool(MISSING) or os.environ.get("ONCELINT_JAVA") != "1", reason=NO_JAVA)
@pytest.mark.parametrize(("case", "version"), list(java_runs()))
def test_java_client_takes_the_fix(case: FixCase, version: str) -> None:
    check(measured(case.client, version)[case.id])


def check(cell: Cell) -> None:
    """Asserts that a cell passed, and that the table has it so.

    A release of which the table's run had the library alone can commit a transaction elsewhere. A
    release that the table does not have yet only has to pass.
    """
    if cell.outcome == "skipped":
        pytest.skip(cell.why)
    assert cell.outcome != "failed", cell.why
    said = in_table().get(table.place(cell))
    if said is not None or cell.version in table.releases()[cell.case.client]:
        assert said is not None, "the table has no such cell"
        assert said.rstrip(table.COMMITTED) == table.shown(cell).rstrip(table.COMMITTED)


def test_the_table_has_every_cell_and_no_other() -> None:
    assert sorted(in_table()) == sorted(set(table.places()))


def test_nothing_in_the_table_failed_or_was_left_out() -> None:
    bad = [f"{place}: {said}" for place, said in in_table().items() if not _is_fine(said)]
    assert bad == []


def _is_fine(said: str) -> bool:
    return said == table.NOTHING or said.rstrip("¹²") == "passed"


def test_a_table_is_read_as_it_was_written() -> None:
    case = CASES[0]
    version = table.releases()[case.client][-1]
    cells = [Cell(case, version, "failed", "a | b", refused=True)]
    found = table.read(table.rendered(cells, [version]))
    assert found.pop(table.place(cells[0])) == "failed¹: a / b"
    assert set(found.values()) == {"skipped: not here"}


def test_cases_are_told_apart_by_their_names() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_case_has_a_fix_somewhere_or_says_that_it_has_none() -> None:
    idle = [
        case.id
        for case in CASES
        if case.versions != NONE
        and not any(
            case.holds_for(one) for one in table.releases()[case.client] if case.is_tried(one)
        )
    ]
    assert idle == []


def test_configurations_are_read_from_literals() -> None:
    text = (
        'A = "all"\nCONF = {"acks": A, "acks": "1", "retries": 0}\n'
        "from confluent_kafka import Producer\nProducer(CONF)\n"
        'KafkaConsumer("topic", group_id="g", **{"client_id": ["x"]})\n'
    )
    assert of_python(text.replace('"acks": A, ', "")) == [
        Configuration("producer", (("acks", "1"), ("retries", 0)), 4),
        Configuration("consumer", (("group_id", "g"), ("client_id", ("x",))), 5),
    ]
    with pytest.raises(ValueError, match="malformed"):
        of_python(text)
    assert of_properties("a = 1\n# c\na: 2 \\\n  3\n", "producer") == [
        Configuration("producer", (("a", "2 3"),))
    ]
