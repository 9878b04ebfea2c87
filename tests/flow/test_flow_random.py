"""Random programs: the interpreter ends, never fails, and never contradicts Python."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.programs import KEYS, any_programs, run_by_python, running_programs
from tests.flow.projects import PINNED

from oncelint import api
from oncelint.model.finding import Report
from oncelint.model.project import Client, World
from oncelint.model.values import Unknown, as_text
from oncelint.settings import Settings

_RUN = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project; the programs are laid over it, so that nothing is written."""
    return tmp_path_factory.mktemp("random")


def checked(folder: Path, source: str) -> Report:
    files = {**PINNED, "app/main.py": source}
    paths = [str(folder / path) for path in files]
    contents = {path: text.encode() for path, text in files.items()}
    return api.check(paths, settings=Settings(preview=True), root=folder, overlay=contents, jobs=1)


@_RUN
@given(source=any_programs())
def test_any_program_is_survived(folder: Path, source: str) -> None:
    report = checked(folder, source)
    assert report.errors == ()


def agrees(world: World, given: dict[str, str]) -> bool:
    """Whether a world can be the run in which the producer got `given`."""
    for name in KEYS:
        setting = world.setting(name)
        if setting is not None and isinstance(setting.value, Unknown):
            continue
        written = setting is not None and setting.set_by == "user"
        if written != (name in given):
            return False
        if setting is not None and written and as_text(setting.value) != given[name]:
            return False
    return True


def possible(client: Client, given: dict[str, str]) -> bool:
    return any(agrees(world, given) for world in client.worlds)


def test_what_python_does_is_one_of_the_worlds(folder: Path) -> None:
    told_exactly: list[bool] = []

    @settings(_RUN, max_examples=400)
    @given(source=running_programs(), seed=st.integers(0, 7))
    def holds(source: str, seed: int) -> None:
        random = Random(seed)
        coins: dict[int, bool] = {}
        real = run_by_python(source, lambda one: coins.setdefault(one, random.random() < 0.5))
        report = checked(folder, source)
        assert report.errors == ()
        assert report.subjects, "the construction was not seen"
        assert any(possible(client, real.settings) for client in report.subjects), (
            f"{real.settings} is none of "
            + " or ".join(
                str({name: as_text(world.value(name)) for name in KEYS})
                for client in report.subjects
                for world in client.worlds
            )
        )
        told_exactly.append(all(known(client) for client in report.subjects))

    holds()
    # a checker that knows nothing would be right as well
    assert sum(told_exactly) >= 0.8 * len(told_exactly) > 80


def known(client: Client) -> bool:
    """Whether nothing about a client is unknown in any world."""
    values = (world.value(name) for world in client.worlds for name in KEYS)
    return client.block.open_reason is None and not any(isinstance(v, Unknown) for v in values)
