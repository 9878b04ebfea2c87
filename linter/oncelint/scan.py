"""Discovery and extraction of a whole project in one pass, by several processes where that pays.

Files are dealt in batches from a queue that all processes draw from, so that none waits for another
one's heavy files. A process that dies loses nothing: its batches are done here once more.
"""

from __future__ import annotations

import os

from oncelint.discover import Discovery, candidates

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from oncelint.discover import Candidate
    from oncelint.model.facts import FileFacts

    Batch: TypeAlias = "tuple[Discovery, list[FileFacts]]"
    Scan: TypeAlias = "Callable[[Sequence[str]], Batch]"

# Below this many files a second process costs more than it brings.
_PARALLEL = 400
# A batch's number is one byte in the queue.
_BATCHES = 128


def scan(
    root: Path,
    files: Sequence[str],
    *,
    max_size: int,
    overlay: Mapping[str, bytes],
    documents: bool = False,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> tuple[Discovery, list[FileFacts]]:
    """What the project's files are, and the facts of those that may matter, in the files' order.

    `max_size` is in bytes; `overlay` replaces contents; `documents` reads pages too. `jobs` is the number of processes at most,
    `progress` is told how many files of how many are done, and `meanwhile` is called once there are
    facts, while other processes are still at work, for what has to be loaded then.
    """
    listed = [*files, *sorted(overlay.keys() - set(files))]

    bearing = False

    def one(batch: Sequence[str]) -> Batch:
        nonlocal bearing
        found = Discovery(bearing=bearing)
        wanted = candidates(
            root, batch, found, max_size=max_size, overlay=overlay, documents=documents
        )
        extracted = _extracted(wanted)
        bearing = found.bearing
        return found, extracted

    if jobs < 2 or len(listed) < _PARALLEL or not hasattr(os, "fork"):
        batches = [listed[begin : begin + 100] for begin in range(0, len(listed), 100)]
        done = _serial(batches, one, len(listed), progress)
    else:
        size = -(-len(listed) // _BATCHES)
        batches = [listed[begin : begin + size] for begin in range(0, len(listed), size)]
        done = _parallel(batches, one, len(listed), jobs, progress, meanwhile)
    discovery = Discovery()
    facts: list[FileFacts] = []
    for found, extracted in done:
        discovery.add(found)
        facts.extend(extracted)
    return discovery, facts


def _extracted(wanted: Iterator[Candidate]) -> list[FileFacts]:
    facts = []
    for candidate in wanted:
        from oncelint.extract import extract  # only where there is something to extract

        facts.append(extract(candidate))
    return facts


def _serial(
    batches: Sequence[Sequence[str]],
    one: Scan,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> list[Batch]:
    results, done = [], 0
    for batch in batches:
        results.append(one(batch))
        done += len(batch)
        if progress is not None:
            progress(done, total)
    return results


def _parallel(
    batches: Sequence[Sequence[str]],
    one: Scan,
    total: int,
    jobs: int,
    progress: Callable[[int, int], None] | None,
    meanwhile: Callable[[], object] | None,
) -> list[Batch]:
    queue, filling = os.pipe()
    os.write(filling, bytes(range(len(batches))))
    os.close(filling)
    children = [_fork(queue, batches, one) for _ in range(jobs - 1)]
    results: dict[int, Batch] = {}
    for number in _drawn(queue):
        results[number] = one(batches[number])
        if meanwhile is not None and results[number][1]:
            meanwhile()
            meanwhile = None
        if progress is not None:
            progress(total * (number + 1) // len(batches), total)
    os.close(queue)
    for pid, descriptor in children:
        results.update(_collect(pid, descriptor))
    return [
        results[number] if number in results else one(batch) for number, batch in enumerate(batches)
    ]


def _drawn(queue: int) -> Iterator[int]:
    """Numbers of batches, as long as there are any; what one process reads no other one does."""
    while number := os.read(queue, 1):
        yield number[0]


def _fork(queue: int, batches: Sequence[Sequence[str]], one: Scan) -> tuple[int, int]:
    """A process that draws from the queue, and the descriptor its results come by."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        import pickle  # only several processes need it

        os.close(reading)
        results = {number: one(batches[number]) for number in _drawn(queue)}
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(results, pipe, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)


def _collect(pid: int, descriptor: int) -> dict[int, Batch]:
    """What a process has to say; nothing when it died over it."""
    import pickle

    with os.fdopen(descriptor, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    try:
        results: dict[int, Batch] = pickle.loads(data)
    except (EOFError, pickle.UnpicklingError):
        return {}
    return results
