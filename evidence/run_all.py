"""Run every script (or those named) one after the other and keep their reports in results/.

The broker's version is KAFKA_VERSION, as for the scripts. Exit code: 1 when a failure did not
reproduce or a repaired variant failed, 2 when a script could not be run to its end, else 0.
"""

import argparse
import subprocess
import sys
import time

import harness

import broker

SCRIPTS = (
    "producer_not_idempotent",
    "java_producer",
    "refused_configurations",
    "acks_not_all",
    "consumer_reads_uncommitted",
    "auto_commit_in_transaction",
    "unstable_transactional_id",
    "transaction_timeout_exceeds_broker",
    "client_with_known_defect",
    "insert_without_conflict_key",
    "connect_jdbc_sink_not_idempotent",
)
SECONDS = 1500.0


def run(script: str) -> int:
    """Run one script, keep its report, return its exit code."""
    command = [sys.executable, str(harness.HERE / f"{script}.py")]
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    seconds = time.monotonic() - started
    print(f"{script}: exit {done.returncode}, {seconds:.0f} s", flush=True)
    if done.stdout:
        folder = harness.HERE / "results" / f"kafka-{broker.kafka_version()}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{script}.json").write_text(done.stdout)
    return done.returncode


def main() -> None:
    """Run the scripts and exit with the worst of their codes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="default: all")
    chosen = parser.parse_args().scripts or SCRIPTS
    sys.exit(max([run(script) for script in chosen]))


if __name__ == "__main__":
    main()
