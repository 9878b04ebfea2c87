"""Code that looks like an effect and is none, and effects that look like something else."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.sinks.sink_cases import Case
from tests.sinks.test_sink_cases import sinks_of, told

# What is no sink at all.
NOTHING = {
    "a search through a session": Case(
        "import requests\nsession = requests.Session()",
        'session.post("http://es:9200/orders/_search?size=1", json={"q": event["q"]})',
        (),
    ),
    "a prediction whose address is in the environment": Case(
        "import requests",
        'score = requests.post(os.environ["MODEL_URL"], json=event)',
        (),
    ),
    "an address that is not known, and the answer is read": Case(
        "import requests",
        """
        answer = requests.post(os.environ["SERVICE"], json={"n": event["n"]})
        print(answer.json()["result"])
        """,
        (),
    ),
    "a function that is named for what it brings back": Case(
        """
        import requests
        def fetch_customer(number):
            answer = requests.post("http://crm/api/customer", json={"n": number})
            return answer.json()
        """,
        'fetch_customer(event["customer"])',
        (),
    ),
    "GraphQL that only reads": Case(
        "import httpx",
        'httpx.post("http://shop/api", json={"query": "{ shop }", "variables": event})',
        (),
    ),
    "nothing of the record": Case(
        "import requests",
        'requests.post("http://shop/v1/beats", json={"alive": True})',
        (),
    ),
    "a schema registry": Case(
        "import requests",
        'requests.post("http://registry:8081/subjects/orders/versions", json=event)',
        (),
    ),
    "metrics and traces": Case(
        "import requests",
        """
        requests.post("http://collector:4318/v1/traces", json=event)
        requests.post("http://loki:3100/loki/api/v1/push", json=event)
        """,
        (),
    ),
    "a caller that handles a failure": Case(
        """
        import smtplib
        def tell(text):
            with smtplib.SMTP("mail") as server:
                server.sendmail("a@b", "ops@b", text)
        """,
        """
        try:
            print(event["total"] / event["n"])
        except ZeroDivisionError:
            tell(event["text"])
        """,
        (),
    ),
    "a file that is read, and one that is written anew": Case(
        "",
        """
        with open("latest.json", "w") as out:
            out.write(json.dumps(event))
        """,
        (),
    ),
    "a log of its own": Case(
        "",
        """
        with open("consumer.log", "a") as out:
            out.write(json.dumps(event))
        """,
        (),
    ),
    "a function that is named for telling what goes on": Case(
        """
        import requests
        def send_metrics(event):
            requests.post("http://monitor/v1/points", json={"n": event["n"]})
        """,
        "send_metrics(event)",
        (),
    ),
    "methods of other things": Case(
        "from house.things import orders, cache",
        """
        orders.insert_one(event)
        cache.hincrby("a", event["b"], 1)
        """,
        (),
    ),
    "a frame that replaces its table": Case(
        "import pandas as pd",
        'pd.DataFrame([event]).to_sql("orders", "sqlite://", if_exists="replace")',
        (),
    ),
}

# What is a sink, and how.
SOMETHING = {
    "GraphQL that changes": Case(
        "import httpx",
        'httpx.post("http://shop/api", json={"query": "mutation { pay }", "variables": event})',
        ("httpx http post http://shop/api none",),
    ),
    "a document of Elasticsearch with an id, by HTTP": Case(
        "import requests",
        """
        requests.post(f"http://es:9200/orders/_doc/{event['id']}", json=event)
        """,
        ("requests http put http://es:9200/orders/_doc/{record} none",),
    ),
    "the state of something": Case(
        "import requests",
        """
        requests.post(f"http://jobs/v1/jobs/{event['id']}/status", json={"state": event["s"]})
        """,
        ("requests http put http://jobs/v1/jobs/{record}/status none",),
    ),
    "an address with a password": Case(
        "import requests",
        'requests.post("http://me:pass@pay/v1/charges?key=1", json={"n": event["n"]})',
        ("requests http post http://pay/v1/charges none",),
    ),
    "a webhook's token": Case(
        "import requests",
        'requests.post("https://hooks.slack.com/services/T1/B2/x", json={"text": event["t"]})',
        ("requests http post https://hooks.slack.com/services/… none",),
    ),
    "headers that cannot be followed": Case(
        "import requests\nfrom house.things import headers",
        'requests.post("http://pay/v1/charges", json={"n": event["n"]}, headers=headers)',
        ("requests http post http://pay/v1/charges headers:?",),
    ),
    "keywords that cannot be followed": Case(
        "import stripe\nfrom house.things import options",
        'stripe.Charge.create(amount=event["n"], **options(event))',
        ("stripe payment call ? :?",),
    ),
    "a header that is the same for all": Case(
        "import requests",
        """
        requests.post(
            "http://pay/v1/charges", json={"n": event["n"]}, headers={"X-Request-Id": "billing"}
        )
        """,
        ("requests http post http://pay/v1/charges none",),
    ),
    "a set that is asked and one that is not": Case(
        """
        import redis
        cache = redis.Redis()
        """,
        """
        cache.sadd("users", event["user"])
        cache.incrby("total", event["n"])
        if cache.sadd("seen", message.offset):
            cache.incrby("sum", event["n"])
        """,
        (
            "redis cache put users key:yes",
            "redis cache increment total key:yes total:add",
            "redis cache put seen key:yes",
            "redis cache increment sum key:yes sum:add guard=sadd()",
        ),
    ),
    "documents that are written anew": Case(
        'from pymongo import MongoClient\norders = MongoClient("mongodb://db").shop.orders',
        """
        orders.delete_many({"day": event["day"]})
        orders.insert_many([{"day": event["day"], "n": event["n"]}])
        """,
        (
            "pymongo document delete orders day:yes",
            "pymongo document insert orders none guard=delete_many()",
        ),
    ),
    "a record that seems to bring its id": Case(
        'from pymongo import MongoClient\norders = MongoClient("mongodb://db").shop.orders',
        """
        print(event["_id"])
        orders.insert_one(event)
        """,
        ("pymongo document put orders _id:?",),
    ),
    "DynamoDB's set is no sum": Case(
        'import boto3\ntable = boto3.resource("dynamodb").Table("orders")',
        """
        table.update_item(
            Key={"pk": message.key},
            UpdateExpression="ADD tags :t",
            ExpressionAttributeValues={":t": {"SS": [event["tag"]]}},
        )
        """,
        ("boto3 dynamodb document put orders pk:yes",),
    ),
    "a client that may be missing": Case(
        """
        import redis
        cache = redis.Redis() if os.getenv("CACHE") else None
        """,
        """
        if cache:
            cache.rpush("log", message.value)
        """,
        ("redis cache append log key:yes log:append",),
    ),
    "a generated document of Firestore": Case(
        """
        from google.cloud import firestore
        orders = firestore.Client().collection("orders")
        """,
        'orders.document().set({"n": event["n"]})',
        ("google-cloud-firestore document insert orders none",),
    ),
    "points in a list of dicts": Case(
        """
        from influxdb import InfluxDBClient
        client = InfluxDBClient("influx")
        """,
        """
        client.write_points([{"measurement": "load", "fields": {"v": event["v"]}}])
        client.write_points(
            [{"measurement": "load", "time": event["at"], "fields": {"v": event["v"]}}]
        )
        """,
        (
            "influxdb document insert load none",
            "influxdb document put load time:yes",
        ),
    ),
    "a job that replaces its table": Case(
        """
        from google.cloud import bigquery
        client = bigquery.Client()
        config = bigquery.LoadJobConfig(
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE
        )
        """,
        'client.load_table_from_json([event], "shop.orders", job_config=config)',
        ("google-cloud-bigquery table put shop.orders :?",),
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_it_is_no_sink(name: str, tmp_path: Path) -> None:
    (tmp_path / "consume.py").write_text(dedent(NOTHING[name].program()))
    assert [told(one) for one in sinks_of(tmp_path)] == []


@pytest.mark.parametrize("name", SOMETHING)
def test_it_is_a_sink(name: str, tmp_path: Path) -> None:
    (tmp_path / "consume.py").write_text(dedent(SOMETHING[name].program()))
    assert tuple(told(one) for one in sinks_of(tmp_path)) == SOMETHING[name].expected
