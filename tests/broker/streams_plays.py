"""An application of Kafka Streams, `StreamsProgram.java`, as the documents configure it."""

from __future__ import annotations

import functools
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.broker.records import abort, create, produce, read
from tests.broker.running import Play, Scene, jars, kill, stop, until

PROGRAM = Path(__file__).with_name("StreamsProgram.java")
LAST = "last"
_KILLED_AT = "3"


_COMPILING = threading.Lock()


def compiled() -> str:
    """The folder with the program's classes."""
    with _COMPILING:
        return _compiled().name


@functools.cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    """It goes when this process does."""
    folder = tempfile.TemporaryDirectory(prefix="once-")
    command = ["javac", "-nowarn", "-d", folder.name, "-cp", jars(), str(PROGRAM)]
    subprocess.run(command, check=True)
    return folder


def crash(scene: Scene) -> list[str]:
    """The application is killed in the middle of its records, once those before are sent, and started
    again."""
    _topics(scene)
    running = application(scene, _KILLED_AT)
    before = scene.case.records[: scene.case.records.index(_KILLED_AT)]
    assert until(lambda: written(scene, committed=False) == before, running), scene.log()
    kill(running)
    _until_last(scene, application(scene))
    return written(scene)


def starts(scene: Scene) -> list[str]:
    """The application runs until it has written the last record, or dies."""
    _topics(scene)
    _until_last(scene, application(scene))
    return written(scene)


def starts_twice(scene: Scene) -> list[str]:
    """The application's script is run, stopped, and run once more when there is another record."""
    _topics(scene)
    for last in (LAST, "after"):
        running = scene.script("start.sh", {"CLASSPATH": f"{compiled()}:{jars()}"})
        until(lambda last=last: last in written(scene), running)  # type: ignore[misc]
        stop(running)
        produce(scene.servers, scene.case.word, ["after"])
    return written(scene)


def _topics(scene: Scene) -> None:
    scene.lay_out()
    create(scene.servers, scene.case.word)
    create(scene.servers, f"{scene.case.word}-out")
    if "aborted" in scene.case.told:
        abort(scene.servers, scene.case.word, scene.case.told["aborted"].split())
    produce(scene.servers, scene.case.word, scene.case.records)


def application(scene: Scene, *killed_at: str) -> subprocess.Popen[bytes]:
    topics = (scene.case.word, f"{scene.case.word}-out")
    arguments = ("streams.properties", *topics, "state", *killed_at)
    return scene.java("StreamsProgram", *arguments, also=compiled())


def _until_last(scene: Scene, running: subprocess.Popen[bytes]) -> None:
    until(lambda: LAST in written(scene), running)
    stop(running)


def written(scene: Scene, *, committed: bool = True) -> list[str]:
    """What readers of committed records, or of all, find in the topic that the application writes."""
    found = read(scene.servers, f"{scene.case.word}-out", committed=committed)
    return [value.decode() for _, value in found]


PLAYS: Mapping[str, Play] = {
    "crash": crash,
    "starts": starts,
    "starts twice": starts_twice,
}
