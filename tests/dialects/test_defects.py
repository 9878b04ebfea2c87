"""The table of published defects, and what of it concerns a client."""

from __future__ import annotations

import pytest

from oncelint.dialects import DISTRIBUTIONS, table
from oncelint.dialects.defects import NO_CODE, PUBLISHED, Published, defects_of
from oncelint.effective import worlds
from oncelint.model.facts import Alternative, Block, WrittenSetting
from oncelint.model.project import Defect
from oncelint.model.values import Known, Position, Scalar, Span
from oncelint.model.versions import at_least

PIN = Span("requirements.txt", Position(1, 1), Position(1, 20))
KEY = Span("app.py", Position(3, 5), Position(3, 15))


def told(
    dialect: str, role: str, versions: tuple[str, ...], **config: Scalar
) -> tuple[Defect, ...]:
    """The defects of a client with these keyword settings (dots written as double underscores)."""
    block = Block(
        tuple(
            WrittenSetting(name.replace("__", "."), KEY, (Alternative(Known(value)),))
            for name, value in config.items()
        )
    )
    return defects_of(dialect, versions, worlds(block, [(dialect, versions)], role), PIN)


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: one.id)
def test_table_is_consistent(one: Published) -> None:
    assert one.dialect in DISTRIBUTIONS
    assert at_least(one.fixed_in, one.since)
    assert one.affects(one.since)
    assert not one.affects(one.fixed_in)
    known = table(one.dialect).versions
    assert any(one.affects(version) for version in known), "no released version has it"
    assert not one.affects(known[-1]), "the newest release still has it: say so, or drop it"
    assert one.source


def test_ids_are_unique() -> None:
    assert len({one.id for one in PUBLISHED}) == len(PUBLISHED)


def test_a_pin_to_a_defect_is_told_with_the_version_that_mends_all_of_them() -> None:
    (found,) = told("librdkafka", "producer", ("1.7.0",), transactional__id="t")
    assert found.id == "records-lost-by-epoch-bump"
    assert found.fixed_in == "1.9.0"
    assert (found.span, found.setting, found.certain) == (PIN, "transactional.id", True)


def test_a_range_beyond_the_defect_is_not_told() -> None:
    assert not told("librdkafka", "producer", ("1.8.2", "1.9.0"), transactional__id="t")


def test_without_being_asked_nothing_is_told() -> None:
    assert not told("librdkafka", "producer", ("1.7.0",))
    level = told("aiokafka", "consumer", ("0.7.2",), isolation_level="read_uncommitted")
    assert not level


def test_the_default_of_librdkafka_asks_without_a_setting() -> None:
    (found,) = told("librdkafka", "consumer", ("1.5.0",), group__id="g")
    assert found.id == "aborted-records-delivered"
    assert found.setting is None


def test_nothing_is_told_without_a_version() -> None:
    assert not told("librdkafka", "consumer", (), group__id="g")


@pytest.mark.parametrize(
    ("dialect", "version", "role", "config", "better"),
    [
        ("kafka-python", "2.0.2", "producer", {"transactional_id": "t"}, "2.2.15"),
        ("kafka-python", "2.0.2", "producer", {"enable_idempotence": True}, "2.2.0"),
        ("kafka-python", "2.1.5", "consumer", {"isolation_level": "read_committed"}, "2.2.0"),
        (
            "kafka-python-ng",
            "2.2.3",
            "producer",
            {"enable_idempotence": True},
            "kafka-python 2.2.0",
        ),
        ("librdkafka", "1.3.0", "producer", {"transactional__id": "t"}, "1.9.0"),
    ],
)
def test_a_guarantee_without_code(
    dialect: str, version: str, role: str, config: dict[str, Scalar], better: str
) -> None:
    found = told(dialect, role, (version,), **config)
    assert [one.id for one in found] == [NO_CODE]
    assert found[0].fixed_in == better
    assert "does not start" in found[0].text


def test_switching_a_guarantee_off_is_not_asking_for_it() -> None:
    assert not told("kafka-python", "producer", ("2.0.2",), enable_idempotence=False)
