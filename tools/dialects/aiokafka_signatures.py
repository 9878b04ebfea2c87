"""Write the dialect table of aiokafka from its releases.

Run `python tools/dialects/aiokafka_signatures.py`; releases are fetched by pip, read with `ast`, never imported.
A new release goes to VERSIONS.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dialect_sources import aiokafka
from dialect_sources.writer import main

SOURCE = (
    "Constructor signatures of AIOKafkaProducer, AIOKafkaConsumer and AIOKafkaAdminClient, "
    "parsed from each release's sources."
)

VERSIONS = (
    "0.5.0",
    "0.5.2",
    "0.6.0",
    "0.7.0",
    "0.7.2",
    "0.8.0",
    "0.8.1",
    "0.9.0",
    "0.10.0",
    "0.11.0",
    "0.12.0",
    "0.13.0",
    "0.14.0",
)

if __name__ == "__main__":
    main("aiokafka", "aiokafka", SOURCE, VERSIONS, aiokafka.read_release)
