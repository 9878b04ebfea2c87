"""`pip install` in Dockerfiles, scripts and the documents that inline them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Row = tuple[str, str, str, str]
Reader = Callable[[str, str], list[Row]]


def test_dockerfile(rows: Reader) -> None:
    source = (
        "FROM python:3.11\n"
        "ARG AIOKAFKA=0.8.0\n"
        "# RUN pip install kafka-python==1.0\n"
        "RUN apt-get install -y kafka-python && pip3 install --no-cache-dir -r requirements.txt \\\n"
        "    # kept for the tests\n"
        "    'kafka-python==2.0.2' \\\n"
        '    "confluent-kafka[avro]>=2" aiokafka==$AIOKAFKA && echo quixstreams\n'
        'RUN echo "now pip install faust==1"\n'
        'RUN ["python", "-m", "pip", "install", "-U", "faust-streaming==0.10"]\n'
    )
    assert rows("Dockerfile.prod", source) == [
        ("kafka-python", "==2.0.2", "==2.0.2", "6:18"),
        ("confluent-kafka", ">=2", ">=2", "7:27"),
        ("aiokafka", "==0.8.0", "aiokafka==$AIOKAFKA", "7:32"),
        ("faust-streaming", "==0.10", "==0.10", "9:62"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RUN pip install kafka-python==2.1.2", [("kafka-python", "==2.1.2")]),
        ("RUN pip3.11 install kafka-python", [("kafka-python", "")]),
        ("RUN /opt/venv/bin/pip install kafka-python==2", [("kafka-python", "==2")]),
        ("RUN python3 -m pip --quiet install kafka-python==2", [("kafka-python", "==2")]),
        ("RUN uv pip install kafka-python==2", [("kafka-python", "==2")]),
        # The shell takes an unquoted `>` for a redirection.
        ("RUN pip install kafka-python>=2.0", [("kafka-python", "")]),
        ('RUN sh -c "pip install kafka-python==2" "faust==1"', [("kafka-python", "==2")]),
        ("RUN sh -c \"pip install 'kafka-python>=2'\"", [("kafka-python", ">=2")]),
        ('CMD ["sh", "-c", "pip install kafka-python==2; run"]', [("kafka-python", "==2")]),
        ("RUN pip install -c kafka-python -i faust aiokafka", [("aiokafka", "")]),
        ("RUN pip install -e git+https://x.org/y#egg=aiokafka", [("aiokafka", "")]),
        ("RUN pip install kafka-python==${MISSING}", [("kafka-python", "")]),
        ("RUN pip install kafka-python==${MISSING:-2.0.2}", [("kafka-python", "==2.0.2")]),
        ("RUN V=2.0.2; pip install kafka-python==$V", [("kafka-python", "==2.0.2")]),
        ("RUN pip install foo | tee kafka-python", []),
        ("RUN pip uninstall kafka-python==2", []),
        ("RUN pipx install kafka-python==2", []),
        ("RUN pip download kafka-python==2", []),
        ("RUN printf 'pip install kafka-python==2'", []),
    ],
)
def test_command_lines(rows: Reader, line: str, expected: list[tuple[str, str]]) -> None:
    assert [row[:2] for row in rows("deploy.dockerfile", line)] == expected


def test_a_dockerfile_inside_yaml(rows: Reader) -> None:
    source = (
        "services:\n"
        "  runner:\n"
        '    command: ["sh", "-c", "pip install kafka-python==2.1.2"]\n'
        "    build:\n"
        "      dockerfile_inline: |\n"
        "        RUN pip install kafka-python-ng==2.2.3\n"
        '  other: "pip install faststream[kafka]==0.5"\n'
    )
    assert rows("images/docker-runner.yml", source) == [
        ("kafka-python", "==2.1.2", "==2.1.2", "3:52"),
        ("kafka-python-ng", "==2.2.3", "==2.2.3", "6:40"),
        ("faststream", "==0.5", "==0.5", "7:40"),
        ("faststream[kafka]", "==0.5", "==0.5", "7:40"),
    ]


def test_a_variable_defined_twice_is_unknown(rows: Reader) -> None:
    source = "ARG V=1.0\nENV V=2.0\nRUN pip install kafka-python==$V\n"
    assert [row[:2] for row in rows("Dockerfile", source)] == [("kafka-python", "")]
