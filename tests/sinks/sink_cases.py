"""What a consumer does with a record, one call in each library, and what it is taken for.

A case is a program: `setup` before the loop, `body` inside it, where `message` is the record and
`event` its decoded value. `expected` has one line for each sink: library, kind, operation, what is
written to, and the key with whether the same record gives it again (yes, no, ? for unknown).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import dedent, indent


@dataclass(frozen=True)
class Case:
    setup: str
    body: str
    expected: tuple[str, ...]
    is_async: bool = False

    def program(self) -> str:
        """The whole consumer."""
        setup, body = dedent(self.setup).strip(), dedent(self.body).strip()
        if self.is_async:
            imports = [one for one in setup.splitlines() if one.startswith(("import", "from"))]
            rest = [one for one in setup.splitlines() if not one.startswith(("import", "from"))]
            return _ASYNC.format(
                imports="\n".join(imports),
                setup=indent("\n".join(rest), " " * 4),
                body=indent(body, " " * 8),
            )
        return _SYNC.format(setup=setup, body=indent(body, " " * 4))


_SYNC = """\
import json
import os
import uuid
from datetime import datetime

from kafka import KafkaConsumer
{setup}

consumer = KafkaConsumer("orders", bootstrap_servers="kafka:9092", group_id="shop")
for message in consumer:
    event = json.loads(message.value)
{body}
"""

_ASYNC = """\
import asyncio
import json
import os
import uuid

from aiokafka import AIOKafkaConsumer
{imports}


async def main():
    consumer = AIOKafkaConsumer("orders", bootstrap_servers="kafka:9092", group_id="shop")
    await consumer.start()
{setup}
    async for message in consumer:
        event = json.loads(message.value)
{body}


asyncio.run(main())
"""

_MONGO = """
from pymongo import MongoClient
orders = MongoClient("mongodb://db")["shop"]["orders"]
"""
_REDIS = """
import redis
cache = redis.Redis(host="cache")
"""
_ES = """
from elasticsearch import Elasticsearch, helpers
es = Elasticsearch("http://search:9200")
"""
_S3 = """
import boto3
s3 = boto3.client("s3")
"""
_DYNAMO = """
import boto3
table = boto3.resource("dynamodb").Table("orders")
"""
_SQS = """
import boto3
sqs = boto3.client("sqs")
"""
_CH = """
from clickhouse_driver import Client
ch = Client("clickhouse")
ch.execute("CREATE TABLE IF NOT EXISTS clicks (id UInt64) ENGINE = MergeTree ORDER BY id")
"""
_CQL = """
from cassandra.cluster import Cluster
session = Cluster(["db"]).connect("shop")
"""
_INFLUX = """
from influxdb_client import InfluxDBClient, Point
api = InfluxDBClient(url="http://influx:8086").write_api()
"""
_PG = """
import psycopg2
connection = psycopg2.connect("dbname=shop")
cursor = connection.cursor()
"""

CASES: dict[str, Case] = {
    # Relational databases
    "psycopg2-insert": Case(
        """
        import psycopg2
        cursor = psycopg2.connect('dbname=shop').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("psycopg2 table insert orders none",),
    ),
    "psycopg2-conflict": Case(
        """
        import psycopg2
        cursor = psycopg2.connect('dbname=shop').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("psycopg2 table insert orders none guard=ON CONFLICT",),
    ),
    "psycopg-insert": Case(
        """
        import psycopg
        connection = psycopg.connect('dbname=shop')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("psycopg table insert orders none",),
    ),
    "psycopg-conflict": Case(
        """
        import psycopg
        connection = psycopg.connect('dbname=shop')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("psycopg table insert orders none guard=ON CONFLICT",),
    ),
    "psycopg-async-insert": Case(
        """
        import psycopg
        connection = await psycopg.AsyncConnection.connect('dbname=shop')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("psycopg table insert orders none",),
        is_async=True,
    ),
    "psycopg-async-conflict": Case(
        """
        import psycopg
        connection = await psycopg.AsyncConnection.connect('dbname=shop')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("psycopg table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "psycopg-pool-insert": Case(
        """
        from psycopg_pool import ConnectionPool
        pool = ConnectionPool('dbname=shop')
        connection = pool.getconn()
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("psycopg_pool table insert orders none",),
    ),
    "psycopg-pool-conflict": Case(
        """
        from psycopg_pool import ConnectionPool
        pool = ConnectionPool('dbname=shop')
        connection = pool.getconn()
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("psycopg_pool table insert orders none guard=ON CONFLICT",),
    ),
    "asyncpg-insert": Case(
        """
        import asyncpg
        connection = await asyncpg.connect('postgresql://db/shop')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES ($1, $2)", event["n"], event["u"]
        )
        """,
        ("asyncpg table insert orders none",),
        is_async=True,
    ),
    "asyncpg-conflict": Case(
        """
        import asyncpg
        connection = await asyncpg.connect('postgresql://db/shop')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING", event["n"], event["u"]
        )
        """,
        ("asyncpg table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "aiopg-insert": Case(
        """
        import aiopg
        pool = await aiopg.create_pool('dbname=shop')
        cursor = await pool.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("aiopg table insert orders none",),
        is_async=True,
    ),
    "aiopg-conflict": Case(
        """
        import aiopg
        pool = await aiopg.create_pool('dbname=shop')
        cursor = await pool.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("aiopg table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "pg8000-insert": Case(
        """
        import pg8000
        cursor = pg8000.connect('shop').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("pg8000 table insert orders none",),
    ),
    "pg8000-conflict": Case(
        """
        import pg8000
        cursor = pg8000.connect('shop').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("pg8000 table insert orders none guard=ON CONFLICT",),
    ),
    "sqlite3-insert": Case(
        """
        import sqlite3
        connection = sqlite3.connect('shop.db')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?)", (event["n"], event["u"])
        )
        """,
        ("sqlite3 table insert orders none",),
    ),
    "sqlite3-conflict": Case(
        """
        import sqlite3
        connection = sqlite3.connect('shop.db')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("sqlite3 table insert orders none guard=ON CONFLICT",),
    ),
    "aiosqlite-insert": Case(
        """
        import aiosqlite
        connection = await aiosqlite.connect('shop.db')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?)", (event["n"], event["u"])
        )
        """,
        ("aiosqlite table insert orders none",),
        is_async=True,
    ),
    "aiosqlite-conflict": Case(
        """
        import aiosqlite
        connection = await aiosqlite.connect('shop.db')
        """,
        """
        await connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("aiosqlite table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "mysqldb-insert": Case(
        """
        import MySQLdb
        cursor = MySQLdb.connect('db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("MySQLdb table insert orders none",),
    ),
    "mysqldb-conflict": Case(
        """
        import MySQLdb
        cursor = MySQLdb.connect('db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("MySQLdb table insert orders none guard=ON DUPLICATE KEY",),
    ),
    "pymysql-insert": Case(
        """
        import pymysql
        cursor = pymysql.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("pymysql table insert orders none",),
    ),
    "pymysql-conflict": Case(
        """
        import pymysql
        cursor = pymysql.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("pymysql table insert orders none guard=ON DUPLICATE KEY",),
    ),
    "mysql-connector-insert": Case(
        """
        import mysql.connector
        cursor = mysql.connector.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("mysql table insert orders none",),
    ),
    "mysql-connector-conflict": Case(
        """
        import mysql.connector
        cursor = mysql.connector.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("mysql table insert orders none guard=ON DUPLICATE KEY",),
    ),
    "aiomysql-insert": Case(
        """
        import aiomysql
        connection = await aiomysql.connect(host='db')
        cursor = await connection.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("aiomysql table insert orders none",),
        is_async=True,
    ),
    "aiomysql-conflict": Case(
        """
        import aiomysql
        connection = await aiomysql.connect(host='db')
        cursor = await connection.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("aiomysql table insert orders none guard=ON DUPLICATE KEY",),
        is_async=True,
    ),
    "asyncmy-insert": Case(
        """
        import asyncmy
        connection = await asyncmy.connect(host='db')
        cursor = connection.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("asyncmy table insert orders none",),
        is_async=True,
    ),
    "asyncmy-conflict": Case(
        """
        import asyncmy
        connection = await asyncmy.connect(host='db')
        cursor = connection.cursor()
        """,
        """
        await cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("asyncmy table insert orders none guard=ON DUPLICATE KEY",),
        is_async=True,
    ),
    "mariadb-insert": Case(
        """
        import mariadb
        cursor = mariadb.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?)", (event["n"], event["u"])
        )
        """,
        ("mariadb table insert orders none",),
    ),
    "mariadb-conflict": Case(
        """
        import mariadb
        cursor = mariadb.connect(host='db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE number = number", (event["n"], event["u"])
        )
        """,
        ("mariadb table insert orders none guard=ON DUPLICATE KEY",),
    ),
    "pymssql-insert": Case(
        """
        import pymssql
        cursor = pymssql.connect('db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (%s, %s)", (event["n"], event["u"])
        )
        """,
        ("pymssql table insert orders none",),
    ),
    "pyodbc-insert": Case(
        """
        import pyodbc
        cursor = pyodbc.connect('DSN=shop').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?)", (event["n"], event["u"])
        )
        """,
        ("pyodbc table insert orders none",),
    ),
    "cx-oracle-insert": Case(
        """
        import cx_Oracle
        cursor = cx_Oracle.connect('db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (:1, :2)", (event["n"], event["u"])
        )
        """,
        ("cx_Oracle table insert orders none",),
    ),
    "oracledb-insert": Case(
        """
        import oracledb
        cursor = oracledb.connect('db').cursor()
        """,
        """
        cursor.execute(
            "INSERT INTO orders (number, user_id) VALUES (:1, :2)", (event["n"], event["u"])
        )
        """,
        ("oracledb table insert orders none",),
    ),
    "duckdb-insert": Case(
        """
        import duckdb
        connection = duckdb.connect('shop.db')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?)", (event["n"], event["u"])
        )
        """,
        ("duckdb table insert orders none",),
    ),
    "duckdb-conflict": Case(
        """
        import duckdb
        connection = duckdb.connect('shop.db')
        """,
        """
        connection.execute(
            "INSERT INTO orders (number, user_id) VALUES (?, ?) ON CONFLICT (number) DO NOTHING", (event["n"], event["u"])
        )
        """,
        ("duckdb table insert orders none guard=ON CONFLICT",),
    ),
    "sqlalchemy-text-insert": Case(
        """
        from sqlalchemy import create_engine, text
        connection = create_engine('postgresql://db/shop').connect()
        """,
        """
        connection.execute(
            text("INSERT INTO orders (number, user_id) VALUES (:n, :u)"), {"n": event["n"], "u": event["u"]}
        )
        """,
        ("sqlalchemy table insert orders none",),
    ),
    "sqlalchemy-text-conflict": Case(
        """
        from sqlalchemy import create_engine, text
        connection = create_engine('postgresql://db/shop').connect()
        """,
        """
        connection.execute(
            text("INSERT INTO orders (number, user_id) VALUES (:n, :u) ON CONFLICT (number) DO NOTHING"), {"n": event["n"], "u": event["u"]}
        )
        """,
        ("sqlalchemy table insert orders none guard=ON CONFLICT",),
    ),
    "sqlalchemy-async-insert": Case(
        """
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine
        connection = await create_async_engine('postgresql+asyncpg://db/shop').connect()
        """,
        """
        await connection.execute(
            text("INSERT INTO orders (number, user_id) VALUES (:n, :u)"), {"n": event["n"], "u": event["u"]}
        )
        """,
        ("sqlalchemy table insert orders none",),
        is_async=True,
    ),
    "sqlalchemy-async-conflict": Case(
        """
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine
        connection = await create_async_engine('postgresql+asyncpg://db/shop').connect()
        """,
        """
        await connection.execute(
            text("INSERT INTO orders (number, user_id) VALUES (:n, :u) ON CONFLICT (number) DO NOTHING"), {"n": event["n"], "u": event["u"]}
        )
        """,
        ("sqlalchemy table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "databases-insert": Case(
        """
        from databases import Database
        database = Database('postgresql://db/shop')
        """,
        """
        await database.execute(
            "INSERT INTO orders (number, user_id) VALUES (:n, :u)", {"n": event["n"], "u": event["u"]}
        )
        """,
        ("databases table insert orders none",),
        is_async=True,
    ),
    "databases-conflict": Case(
        """
        from databases import Database
        database = Database('postgresql://db/shop')
        """,
        """
        await database.execute(
            "INSERT INTO orders (number, user_id) VALUES (:n, :u) ON CONFLICT (number) DO NOTHING", {"n": event["n"], "u": event["u"]}
        )
        """,
        ("databases table insert orders none guard=ON CONFLICT",),
        is_async=True,
    ),
    "sqlalchemy-add": Case(
        """
        from sqlalchemy import Column, Integer, String
        from sqlalchemy.orm import Session, declarative_base
        Base = declarative_base()
        class Order(Base):
            __tablename__ = "orders"
            id = Column(Integer, primary_key=True)
            user_id = Column(Integer)
        session = Session()
        """,
        """
        session.add(Order(user_id=event["u"]))
        """,
        ("sqlalchemy table orm-add orders none",),
    ),
    "sqlmodel-add": Case(
        """
        from sqlmodel import Field, Session, SQLModel
        class Order(SQLModel, table=True):
            id: int = Field(default=None, primary_key=True)
            user_id: int
        session = Session()
        """,
        """
        session.add(Order(user_id=event["u"]))
        """,
        ("sqlmodel table orm-add order none",),
    ),
    "flask-sqlalchemy-add": Case(
        """
        from flask_sqlalchemy import SQLAlchemy
        db = SQLAlchemy()
        class Order(db.Model):
            __tablename__ = "orders"
            id = db.Column(db.Integer, primary_key=True)
            user_id = db.Column(db.Integer)
        """,
        """
        db.session.add(Order(user_id=event["u"]))
        """,
        ("flask_sqlalchemy table orm-add orders none",),
    ),
    "django-create": Case(
        """
        from shop.models import Order
        """,
        """
        Order.objects.create(user_id=event["u"])
        """,
        ("django table orm-create shop_order none",),
    ),
    "django-ignore-conflicts": Case(
        """
        from shop.models import Order
        """,
        """
        Order.objects.bulk_create([Order(user_id=event["u"])], ignore_conflicts=True)
        """,
        ("django table orm-create shop_order none guard=ignore_conflicts",),
    ),
    "django-async": Case(
        """
        from shop.models import Order
        """,
        """
        await Order.objects.acreate(user_id=event["u"])
        """,
        ("django table orm-create shop_order none",),
        is_async=True,
    ),
    "sqlalchemy-on-conflict": Case(
        """
        from sqlalchemy import Column, Integer, MetaData, Table, create_engine
        from sqlalchemy.dialects.postgresql import insert
        orders = Table("orders", MetaData(), Column("number", Integer, primary_key=True))
        connection = create_engine("postgresql://db/shop").connect()
        """,
        """
        connection.execute(insert(orders).values(number=event["n"]).on_conflict_do_nothing())
        """,
        ("sqlalchemy table insert orders none guard=on_conflict_do_nothing keys=number",),
    ),
    "sqlalchemy-core": Case(
        """
        from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert
        orders = Table("orders", MetaData(), Column("number", Integer, primary_key=True))
        connection = create_engine("postgresql://db/shop").connect()
        """,
        """
        connection.execute(insert(orders).values(number=event["n"]))
        """,
        ("sqlalchemy table insert orders none keys=number",),
    ),
    "peewee-create": Case(
        """
        from peewee import IntegerField, Model
        class Orders(Model):
            user_id = IntegerField()
        """,
        """
        Orders.create(user_id=event["u"])
        """,
        ("peewee table orm-create orders none",),
    ),
    "tortoise-create": Case(
        """
        from shop.tortoises import Order
        """,
        """
        await Order.create(user_id=event["u"])
        """,
        ("tortoise table orm-create order none",),
        is_async=True,
    ),
    # MongoDB
    "pymongo-insert": Case(
        _MONGO,
        'orders.insert_one({"user": event["user"]})',
        ("pymongo document insert orders none",),
    ),
    "pymongo-own-id": Case(
        _MONGO,
        'orders.insert_one({"_id": message.offset, "user": event["user"]})',
        ("pymongo document put orders _id:yes",),
    ),
    "pymongo-random-id": Case(
        _MONGO,
        'orders.insert_one({"_id": str(uuid.uuid4()), "user": event["user"]})',
        ("pymongo document insert orders _id:no",),
    ),
    "pymongo-replace": Case(
        _MONGO,
        'orders.replace_one({"_id": message.key}, {"user": event["user"]}, upsert=True)',
        ("pymongo document put orders _id:yes",),
    ),
    "pymongo-increment": Case(
        _MONGO,
        'orders.update_one({"_id": message.key}, {"$inc": {"total": 1}}, upsert=True)',
        ("pymongo document increment orders _id:yes total:add",),
    ),
    "pymongo-push": Case(
        _MONGO,
        'orders.update_one({"_id": message.key}, {"$push": {"log": event["what"]}})',
        ("pymongo document append orders _id:yes log:append",),
    ),
    "pymongo-asked-before": Case(
        _MONGO,
        """
        if orders.find_one({"order": event["order"]}) is None:
            orders.insert_one({"order": event["order"]})
        """,
        ("pymongo document insert orders none guard=find_one()",),
    ),
    "pymongo-filter-asks": Case(
        _MONGO,
        """
        orders.update_one(
            {"_id": message.key, "seen": {"$ne": message.offset}}, {"$inc": {"total": 1}}
        )
        """,
        (
            "pymongo document increment orders _id, seen:yes total:add"
            " guard=$ne in the filter on seen",
        ),
    ),
    "pymongo-unique-index": Case(
        _MONGO + 'orders.create_index("order", unique=True)\n',
        'orders.insert_one({"order": event["order"]})',
        ("pymongo document insert orders none keys=order",),
    ),
    "pymongo-bulk": Case(
        _MONGO + "from pymongo import UpdateOne\n",
        'orders.bulk_write([UpdateOne({"_id": message.key}, {"$inc": {"total": 1}})])',
        ("pymongo document increment orders _id:yes total:add",),
    ),
    "motor-insert": Case(
        """
        from motor.motor_asyncio import AsyncIOMotorClient
        orders = AsyncIOMotorClient("mongodb://db").shop.orders
        """,
        'await orders.insert_one({"user": event["user"]})',
        ("motor document insert orders none",),
        is_async=True,
    ),
    "motor-own-id": Case(
        """
        from motor.motor_asyncio import AsyncIOMotorClient
        orders = AsyncIOMotorClient("mongodb://db").shop.orders
        """,
        'await orders.update_one({"_id": message.key}, {"$set": {"user": 1}}, upsert=True)',
        ("motor document put orders _id:yes",),
        is_async=True,
    ),
    "mongoengine-save": Case(
        """
        import mongoengine
        class Order(mongoengine.Document):
            user = mongoengine.StringField()
        """,
        'Order(user=event["user"]).save()',
        ("mongoengine document insert order none",),
    ),
    "mongoengine-primary-key": Case(
        """
        from mongoengine import Document, StringField
        class Order(Document):
            number = StringField(primary_key=True)
        """,
        "Order(number=message.key).save()",
        ("mongoengine document put order number:yes",),
    ),
    "beanie-insert": Case(
        """
        from models import Order
        """,
        'await Order(user=event["user"]).insert()',
        ("beanie document insert order none",),
        is_async=True,
    ),
    # Redis
    "redis-set": Case(
        _REDIS,
        'cache.set(f"order:{message.offset}", message.value)',
        ("redis cache put order:{record} key:yes",),
    ),
    "redis-increment": Case(
        _REDIS,
        'cache.hincrby("totals", "orders", 1)',
        (),
    ),
    "redis-increment-by-record": Case(
        _REDIS,
        'cache.hincrby("totals", event["user"], 1)',
        ("redis cache increment totals key:yes totals:add",),
    ),
    "redis-push": Case(
        _REDIS,
        'cache.rpush("log", message.value)',
        ("redis cache append log key:yes log:append",),
    ),
    "redis-asked-before": Case(
        _REDIS,
        """
        if not cache.set(f"seen:{message.offset}", 1, nx=True):
            continue
        cache.incrby("total", event["amount"])
        """,
        (
            "redis cache put seen:{record} key:yes",
            "redis cache increment total key:yes total:add guard=set()",
        ),
    ),
    "redis-asyncio": Case(
        """
        import redis.asyncio as redis
        cache = redis.from_url("redis://cache")
        """,
        'await cache.incrby("total", event["amount"])',
        ("redis cache increment total key:yes total:add",),
        is_async=True,
    ),
    # Elasticsearch and OpenSearch
    "elasticsearch-index": Case(
        _ES,
        'es.index(index="orders", document={"user": event["user"]})',
        ("elasticsearch search insert orders none",),
    ),
    "elasticsearch-id": Case(
        _ES,
        'es.index(index="orders", id=message.key, document=event)',
        ("elasticsearch search put orders id:yes",),
    ),
    "elasticsearch-bulk": Case(
        _ES,
        'helpers.bulk(es, [{"_index": "orders", "_source": event}])',
        ("elasticsearch search insert orders none",),
    ),
    "elasticsearch-bulk-id": Case(
        _ES,
        'helpers.bulk(es, [{"_index": "orders", "_id": message.key, "_source": event}])',
        ("elasticsearch search put orders _id:yes",),
    ),
    "elasticsearch-async": Case(
        """
        from elasticsearch import AsyncElasticsearch
        es = AsyncElasticsearch("http://search:9200")
        """,
        'await es.index(index="orders", document={"user": event["user"]})',
        ("elasticsearch search insert orders none",),
        is_async=True,
    ),
    "opensearch-index": Case(
        """
        from opensearchpy import OpenSearch
        client = OpenSearch("http://search:9200")
        """,
        'client.index(index="orders", body={"user": event["user"]})',
        ("opensearch search insert orders none",),
    ),
    "opensearch-id": Case(
        """
        from opensearchpy import OpenSearch
        client = OpenSearch("http://search:9200")
        """,
        'client.index(index="orders", body=event, id=message.key)',
        ("opensearch search put orders id:yes",),
    ),
    # AWS stores
    "s3-key": Case(
        _S3,
        's3.put_object(Bucket="lake", Key=f"orders/{message.offset}", Body=message.value)',
        ("boto3 s3 object put lake Key:yes",),
    ),
    "s3-random-key": Case(
        _S3,
        's3.put_object(Bucket="lake", Key=f"orders/{uuid.uuid4()}", Body=message.value)',
        ("boto3 s3 object insert lake Key:no",),
    ),
    "s3-aioboto3": Case(
        """
        import aioboto3
        session = aioboto3.Session()
        """,
        """
        async with session.client("s3") as s3:
            await s3.put_object(Bucket="lake", Key=str(uuid.uuid4()), Body=message.value)
        """,
        ("boto3 s3 object insert lake Key:no",),
        is_async=True,
    ),
    "dynamodb-put": Case(
        _DYNAMO,
        'table.put_item(Item={"pk": message.key, "user": event["user"]})',
        ("boto3 dynamodb document put orders pk:yes",),
    ),
    "dynamodb-random-key": Case(
        _DYNAMO,
        'table.put_item(Item={"id": str(uuid.uuid4()), "user": event["user"]})',
        ("boto3 dynamodb document insert orders id:no",),
    ),
    "dynamodb-add": Case(
        _DYNAMO,
        """
        table.update_item(
            Key={"pk": message.key},
            UpdateExpression="ADD total :n",
            ExpressionAttributeValues={":n": event["amount"]},
        )
        """,
        ("boto3 dynamodb document increment orders pk:yes total:add",),
    ),
    "dynamodb-condition": Case(
        _DYNAMO,
        """
        table.update_item(
            Key={"pk": message.key},
            UpdateExpression="SET total = total + :n",
            ConditionExpression="last_offset < :o",
            ExpressionAttributeValues={":n": event["amount"], ":o": message.offset},
        )
        """,
        ("boto3 dynamodb document increment orders pk:yes total:add guard=ConditionExpression",),
    ),
    "minio-key": Case(
        """
        from minio import Minio
        store = Minio("minio:9000")
        """,
        'store.put_object("lake", f"{uuid.uuid4()}.json", message.value, 3)',
        ("minio object insert lake object_name:no",),
    ),
    # Google
    "gcs-blob": Case(
        """
        from google.cloud import storage
        bucket = storage.Client().bucket("lake")
        """,
        'bucket.blob(f"orders/{uuid.uuid4()}").upload_from_string(message.value)',
        ("google-cloud-storage object insert ? the blob's name:no",),
    ),
    "gcs-named-blob": Case(
        """
        from google.cloud import storage
        bucket = storage.Client().bucket("lake")
        """,
        'bucket.blob(f"orders/{message.offset}").upload_from_string(message.value)',
        ("google-cloud-storage object put ? the blob's name:yes",),
    ),
    "firestore-add": Case(
        """
        from google.cloud import firestore
        orders = firestore.Client().collection("orders")
        """,
        'orders.add({"user": event["user"]})',
        ("google-cloud-firestore document insert orders none",),
    ),
    "firestore-document": Case(
        """
        from google.cloud import firestore
        orders = firestore.Client().collection("orders")
        """,
        'orders.document(message.key).set({"user": event["user"]})',
        ("google-cloud-firestore document put ? the document's id:yes",),
    ),
    "bigquery-rows": Case(
        """
        from google.cloud import bigquery
        client = bigquery.Client()
        """,
        'client.insert_rows_json("shop.orders", [event])',
        ("google-cloud-bigquery table append shop.orders none",),
    ),
    "bigquery-row-ids": Case(
        """
        from google.cloud import bigquery
        client = bigquery.Client()
        """,
        'client.insert_rows_json("shop.orders", [event], row_ids=[message.offset])',
        ("google-cloud-bigquery table put shop.orders row_ids:yes",),
    ),
    # ClickHouse, Cassandra, InfluxDB
    "clickhouse-driver-insert": Case(
        _CH,
        'ch.execute("INSERT INTO clicks (id) VALUES", [[event["id"]]])',
        ("clickhouse-driver table append clicks none engine=MergeTree",),
    ),
    "clickhouse-connect-insert": Case(
        """
        import clickhouse_connect
        ch = clickhouse_connect.get_client(host="clickhouse")
        """,
        'ch.insert("clicks", [[event["id"]]], column_names=["id"])',
        ("clickhouse-connect table append clicks none",),
    ),
    "clickhouse-connect-token": Case(
        """
        import clickhouse_connect
        ch = clickhouse_connect.get_client(host="clickhouse")
        """,
        """
        ch.insert(
            "clicks",
            [[event["id"]]],
            settings={"insert_deduplication_token": str(message.offset)},
        )
        """,
        ("clickhouse-connect table append clicks insert_deduplication_token:yes",),
    ),
    "aiochclient-insert": Case(
        """
        from aiochclient import ChClient
        from aiohttp import ClientSession
        ch = ChClient(ClientSession())
        """,
        'await ch.execute("INSERT INTO clicks (id) VALUES", (event["id"],))',
        ("aiochclient table append clicks none",),
        is_async=True,
    ),
    "cassandra-insert": Case(
        _CQL,
        """
        session.execute("INSERT INTO orders (id, who) VALUES (%s, %s)", (message.key, event["u"]))
        """,
        ("cassandra document put orders :?",),
    ),
    "cassandra-random-key": Case(
        _CQL,
        """
        session.execute("INSERT INTO orders (id, who) VALUES (uuid(), %s)", (event["u"],))
        """,
        ("cassandra document insert orders id:no",),
    ),
    "cassandra-counter": Case(
        _CQL,
        """
        session.execute("UPDATE totals SET n = n + 1 WHERE who = %s", (event["u"],))
        """,
        ("cassandra document increment totals :? n:add",),
    ),
    "cassandra-prepared": Case(
        _CQL + 'put = session.prepare("INSERT INTO orders (id, who) VALUES (?, ?)")\n',
        "session.execute_async(put, (uuid.uuid4(), event['u']))",
        ("cassandra document insert orders id:no",),
    ),
    "influxdb-time": Case(
        _INFLUX,
        """
        point = Point("load").tag("host", event["host"]).field("v", event["v"]).time(event["at"])
        api.write(bucket="metrics", record=point)
        """,
        ("influxdb document put metrics time:yes",),
    ),
    "influxdb-no-time": Case(
        _INFLUX,
        """
        api.write(bucket="metrics", record=Point("load").field("v", event["v"]))
        """,
        ("influxdb document insert metrics none",),
    ),
    # Frames, files and COPY
    "pandas-to-sql": Case(
        """
        import pandas as pd
        from sqlalchemy import create_engine
        engine = create_engine("postgresql://db/shop")
        """,
        'pd.DataFrame([event]).to_sql("orders", engine, if_exists="append", index=False)',
        ("pandas table append orders none",),
    ),
    "pandas-staging": Case(
        """
        import pandas as pd
        from sqlalchemy import create_engine
        engine = create_engine("postgresql://db/shop")
        """,
        'pd.DataFrame([event]).to_sql("orders_staging", engine, if_exists="append")',
        ("pandas table append orders_staging none guard=orders_staging is a staging table",),
    ),
    "pandas-to-csv": Case(
        "import pandas as pd",
        'pd.DataFrame([event]).to_csv("orders.csv", mode="a", header=False)',
        ("pandas frame append orders.csv none",),
    ),
    "polars-write-database": Case(
        "import polars as pl",
        """
        frame = pl.DataFrame([event])
        frame.write_database("orders", "postgresql://db/shop", if_table_exists="append")
        """,
        ("polars table append orders none",),
    ),
    "pyspark-append": Case(
        """
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        """,
        'spark.createDataFrame([event]).write.mode("append").saveAsTable("orders")',
        ("pyspark frame append orders none",),
    ),
    "file-append": Case(
        "",
        """
        with open("orders.jsonl", "a") as out:
            out.write(json.dumps(event))
        """,
        ("open() object append orders.jsonl none",),
    ),
    "psycopg2-copy-from": Case(
        _PG + "import io\n",
        'cursor.copy_from(io.StringIO(event["line"]), "orders")',
        ("psycopg2 table copy orders none",),
    ),
    "psycopg2-copy-into-staging": Case(
        _PG + "import io\n",
        """
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS batch (LIKE orders)")
        cursor.copy_from(io.StringIO(event["line"]), "batch")
        """,
        ("psycopg2 table copy batch none guard=batch is moved to another table",),
    ),
    "asyncpg-copy-records": Case(
        """
        import asyncpg
        connection = await asyncpg.connect("postgresql://db/shop")
        """,
        'await connection.copy_records_to_table("orders", records=[(event["id"],)])',
        ("asyncpg table copy orders none",),
        is_async=True,
    ),
    # HTTP
    "requests-post": Case(
        "import requests",
        'requests.post("http://pay/v1/charges", json={"order": event["order"]})',
        ("requests http post http://pay/v1/charges none",),
    ),
    "requests-key": Case(
        "import requests",
        """
        requests.post(
            "http://pay/v1/charges",
            json={"order": event["order"]},
            headers={"Idempotency-Key": str(message.offset)},
        )
        """,
        ("requests http post http://pay/v1/charges Idempotency-Key:yes",),
    ),
    "requests-random-key": Case(
        "import requests",
        """
        requests.post(
            "http://pay/v1/charges",
            json={"order": event["order"]},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        """,
        ("requests http post http://pay/v1/charges Idempotency-Key:no",),
    ),
    "requests-search": Case(
        "import requests",
        'requests.post("http://search:9200/orders/_search", json={"q": event["q"]})',
        (),
    ),
    "requests-session": Case(
        """
        import requests
        session = requests.Session()
        """,
        'session.request("POST", "http://pay/v1/charges", json={"order": event["order"]})',
        ("requests http post http://pay/v1/charges none",),
    ),
    "requests-put": Case(
        "import requests",
        """
        requests.put(f"http://shop/orders/{event['id']}", json=event)
        """,
        ("requests http put http://shop/orders/{record} none",),
    ),
    "httpx-client": Case(
        """
        import httpx
        client = httpx.Client(base_url="http://pay")
        """,
        'client.post("/v1/charges", json={"order": event["order"]})',
        ("httpx http post /v1/charges none",),
    ),
    "httpx-key": Case(
        """
        import httpx
        client = httpx.AsyncClient()
        """,
        """
        await client.post(
            "http://pay/v1/charges", json={"request_id": event["id"], "n": event["n"]}
        )
        """,
        ("httpx http post http://pay/v1/charges request_id:yes",),
        is_async=True,
    ),
    "aiohttp-session": Case(
        """
        import aiohttp
        session = aiohttp.ClientSession()
        """,
        """
        async with session.post("http://pay/v1/charges", json={"order": event["n"]}) as answer:
            answer.raise_for_status()
        """,
        ("aiohttp http post http://pay/v1/charges none",),
        is_async=True,
    ),
    "aiohttp-key": Case(
        """
        import aiohttp
        session = aiohttp.ClientSession()
        """,
        """
        headers = {"X-Idempotency-Key": f"{message.topic}-{message.partition}-{message.offset}"}
        async with session.post("http://pay/v1/charges", json=event, headers=headers):
            pass
        """,
        ("aiohttp http post http://pay/v1/charges X-Idempotency-Key:yes",),
        is_async=True,
    ),
    "urllib3-pool": Case(
        """
        import urllib3
        http = urllib3.PoolManager()
        """,
        'http.request("POST", "http://pay/v1/charges", body=json.dumps({"o": event["o"]}))',
        ("urllib3 http post http://pay/v1/charges none",),
    ),
    "urllib-request": Case(
        "from urllib.request import Request, urlopen",
        """
        urlopen(Request("http://pay/v1/charges", data=message.value, method="POST"))
        """,
        ("urllib.request http post http://pay/v1/charges none",),
    ),
    "http-client": Case(
        """
        import http.client
        link = http.client.HTTPSConnection("pay")
        """,
        'link.request("POST", "/v1/charges", message.value)',
        ("http.client http post /v1/charges none",),
    ),
    # Payments
    "stripe-charge": Case(
        "import stripe",
        'stripe.Charge.create(amount=event["amount"], currency="eur")',
        ("stripe payment call ? none",),
    ),
    "stripe-key": Case(
        "import stripe",
        """
        stripe.PaymentIntent.create(amount=event["n"], idempotency_key=str(message.offset))
        """,
        ("stripe payment call ? idempotency_key:yes",),
    ),
    "stripe-async": Case(
        """
        import stripe
        client = stripe.StripeClient("key")
        """,
        'await client.payment_intents.create_async(params={"amount": event["amount"]})',
        ("stripe payment call ? none",),
        is_async=True,
    ),
    "braintree-sale": Case(
        """
        import braintree
        gateway = braintree.BraintreeGateway(None)
        """,
        'gateway.transaction.sale({"amount": event["amount"]})',
        ("braintree payment call ? none",),
    ),
    "braintree-order-id": Case(
        """
        import braintree
        gateway = braintree.BraintreeGateway(None)
        """,
        'gateway.transaction.sale({"amount": event["amount"], "order_id": message.key})',
        ("braintree payment call ? order_id:yes",),
    ),
    "paypal-payment": Case(
        "import paypalrestsdk",
        'paypalrestsdk.Payment({"intent": "sale", "amount": event["amount"]}).create()',
        ("paypal payment call ? none",),
    ),
    "adyen-payment": Case(
        """
        import Adyen
        adyen = Adyen.Adyen()
        """,
        'adyen.checkout.payments_api.payments(request={"amount": event["amount"]})',
        ("adyen payment call ? none",),
    ),
    "adyen-key": Case(
        """
        import Adyen
        adyen = Adyen.Adyen()
        """,
        """
        adyen.checkout.payments_api.payments(
            request={"amount": event["amount"]}, idempotency_key=str(message.offset)
        )
        """,
        ("adyen payment call ? idempotency_key:yes",),
    ),
    "square-payment": Case(
        """
        from square.client import Client
        square = Client(access_token="token")
        """,
        """
        square.payments.create_payment(
            body={"amount": event["amount"], "idempotency_key": str(uuid.uuid4())}
        )
        """,
        ("square payment call ? idempotency_key:no",),
    ),
    "square-key": Case(
        """
        from square.client import Client
        square = Client(access_token="token")
        """,
        """
        square.payments.create_payment(
            body={"amount": event["amount"], "idempotency_key": str(message.offset)}
        )
        """,
        ("square payment call ? idempotency_key:yes",),
    ),
    "razorpay-order": Case(
        """
        import razorpay
        client = razorpay.Client(auth=("a", "b"))
        """,
        'client.order.create(data={"amount": event["amount"]})',
        ("razorpay payment call ? none",),
    ),
    "razorpay-receipt": Case(
        """
        import razorpay
        client = razorpay.Client(auth=("a", "b"))
        """,
        'client.order.create(data={"amount": event["amount"], "receipt": message.key})',
        ("razorpay payment call ? receipt:yes",),
    ),
    # Mail and messages to people
    "twilio-message": Case(
        """
        from twilio.rest import Client
        twilio = Client("a", "b")
        """,
        'twilio.messages.create(to=event["phone"], from_="+1", body="shipped")',
        ("twilio mail send ? none",),
    ),
    "sendgrid-mail": Case(
        """
        from sendgrid import SendGridAPIClient
        from sendgrid.helpers.mail import Mail
        sender = SendGridAPIClient("key")
        """,
        'sender.send(Mail(to_emails=event["mail"], subject="shipped"))',
        ("sendgrid mail send ? none",),
    ),
    "slack-message": Case(
        """
        from slack_sdk import WebClient
        slack = WebClient(token="token")
        """,
        'slack.chat_postMessage(channel="#orders", text=event["what"])',
        ("slack_sdk mail send #orders none",),
    ),
    "slack-async": Case(
        """
        from slack_sdk.web.async_client import AsyncWebClient
        slack = AsyncWebClient(token="token")
        """,
        'await slack.chat_postMessage(channel="#orders", text=event["what"])',
        ("slack_sdk mail send #orders none",),
        is_async=True,
    ),
    "firebase-message": Case(
        "from firebase_admin import messaging",
        'messaging.send(messaging.Message(token=event["token"]))',
        ("firebase_admin mail send ? none",),
    ),
    "telegram-message": Case(
        """
        import telebot
        bot = telebot.TeleBot("token")
        """,
        'bot.send_message("42", event["what"])',
        ("telegram mail send 42 none",),
    ),
    "telegram-async": Case(
        """
        from aiogram import Bot
        bot = Bot("token")
        """,
        'await bot.send_message("42", event["what"])',
        ("telegram mail send 42 none",),
        is_async=True,
    ),
    "smtplib-mail": Case(
        "import smtplib",
        """
        with smtplib.SMTP("mail") as server:
            server.sendmail("shop@shop", event["mail"], "shipped")
        """,
        ("smtplib mail send ? none",),
    ),
    "aiosmtplib-mail": Case(
        "import aiosmtplib",
        'await aiosmtplib.send(event["mail"], hostname="mail")',
        ("aiosmtplib mail send ? none",),
        is_async=True,
    ),
    "django-mail": Case(
        "from django.core.mail import send_mail",
        'send_mail("shipped", "your order", "shop@shop", [event["mail"]])',
        ("django.core.mail mail send ? none",),
    ),
    # Queues
    "sqs-message": Case(
        _SQS,
        'sqs.send_message(QueueUrl="http://sqs/ship", MessageBody=event["body"])',
        ("boto3 sqs queue send http://sqs/ship none",),
    ),
    "sqs-deduplication": Case(
        _SQS,
        """
        sqs.send_message(
            QueueUrl="http://sqs/ship.fifo",
            MessageBody=event["body"],
            MessageGroupId="all",
            MessageDeduplicationId=str(message.offset),
        )
        """,
        ("boto3 sqs queue send http://sqs/ship.fifo MessageDeduplicationId:yes",),
    ),
    "sqs-fifo": Case(
        _SQS,
        """
        sqs.send_message(
            QueueUrl="http://sqs/ship.fifo", MessageBody=event["body"], MessageGroupId="all"
        )
        """,
        ("boto3 sqs queue send http://sqs/ship.fifo the content:?",),
    ),
    "sqs-aioboto3": Case(
        """
        import aioboto3
        session = aioboto3.Session()
        """,
        """
        async with session.client("sqs") as sqs:
            await sqs.send_message(QueueUrl="http://sqs/ship", MessageBody=event["body"])
        """,
        ("boto3 sqs queue send http://sqs/ship none",),
        is_async=True,
    ),
    "sns-publish": Case(
        """
        import boto3
        topic = boto3.resource("sns").Topic("arn:aws:sns:eu:1:orders")
        """,
        'topic.publish(Message=event["body"])',
        ("boto3 sns queue send arn:aws:sns:eu:1:orders none",),
    ),
    "sns-deduplication": Case(
        """
        import boto3
        topic = boto3.resource("sns").Topic("arn:aws:sns:eu:1:orders.fifo")
        """,
        'topic.publish(Message=event["body"], MessageDeduplicationId=str(message.offset))',
        ("boto3 sns queue send arn:aws:sns:eu:1:orders.fifo MessageDeduplicationId:yes",),
    ),
    "ses-mail": Case(
        """
        import boto3
        ses = boto3.client("ses")
        """,
        'ses.send_email(Source="a@b", Destination={"ToAddresses": [event["mail"]]})',
        ("boto3 ses mail send ? none",),
    ),
    "sesv2-mail": Case(
        """
        import boto3
        ses = boto3.client("sesv2")
        """,
        'ses.send_email(Destination={"ToAddresses": [event["mail"]]}, Content={})',
        ("boto3 sesv2 mail send ? none",),
    ),
    "kinesis-record": Case(
        """
        import boto3
        kinesis = boto3.client("kinesis")
        """,
        'kinesis.put_record(StreamName="s", Data=message.value, PartitionKey="1")',
        ("boto3 kinesis queue send s none",),
    ),
    "firehose-record": Case(
        """
        import boto3
        firehose = boto3.client("firehose")
        """,
        'firehose.put_record(DeliveryStreamName="s", Record={"Data": message.value})',
        ("boto3 firehose queue send s none",),
    ),
    "eventbridge-events": Case(
        """
        import boto3
        events = boto3.client("events")
        """,
        'events.put_events(Entries=[{"Detail": event["body"]}])',
        ("boto3 events queue send ? none",),
    ),
    "stepfunctions-start": Case(
        """
        import boto3
        steps = boto3.client("stepfunctions")
        """,
        'steps.start_execution(stateMachineArn="arn:1", input=event["body"])',
        ("boto3 stepfunctions queue send arn:1 none",),
    ),
    "stepfunctions-name": Case(
        """
        import boto3
        steps = boto3.client("stepfunctions")
        """,
        'steps.start_execution(stateMachineArn="arn:1", name=str(message.offset))',
        ("boto3 stepfunctions queue send arn:1 name:yes",),
    ),
    "lambda-event": Case(
        """
        import boto3
        functions = boto3.client("lambda")
        """,
        'functions.invoke(FunctionName="f", InvocationType="Event", Payload=message.value)',
        ("boto3 lambda http call f none",),
    ),
    "lambda-answer": Case(
        """
        import boto3
        functions = boto3.client("lambda")
        """,
        'functions.invoke(FunctionName="f", Payload=message.value)',
        (),
    ),
    "celery-send-task": Case(
        """
        from celery import Celery
        app = Celery("shop")
        """,
        'app.send_task("ship", args=[event["order"]])',
        ("celery queue send ship none",),
    ),
    "celery-task-id": Case(
        """
        from celery import Celery
        app = Celery("shop")
        """,
        'app.send_task("ship", args=[event["order"]], task_id=str(message.offset))',
        ("celery queue send ship task_id:yes",),
    ),
    "rq-enqueue": Case(
        """
        from redis import Redis
        from rq import Queue
        jobs = Queue(connection=Redis())
        """,
        'jobs.enqueue("shop.ship", event["order"])',
        ("rq queue send shop.ship none",),
    ),
    "rq-job-id": Case(
        """
        from redis import Redis
        from rq import Queue
        jobs = Queue(connection=Redis())
        """,
        'jobs.enqueue("shop.ship", event["order"], job_id=str(message.offset))',
        ("rq queue send shop.ship job_id:yes",),
    ),
    "pika-publish": Case(
        """
        import pika
        channel = pika.BlockingConnection().channel()
        """,
        'channel.basic_publish(exchange="", routing_key="ship", body=message.value)',
        ("pika queue send ship none",),
    ),
    "pika-message-id": Case(
        """
        import pika
        channel = pika.BlockingConnection().channel()
        """,
        """
        channel.basic_publish(
            exchange="",
            routing_key="ship",
            body=message.value,
            properties=pika.BasicProperties(delivery_mode=2, message_id=str(message.offset)),
        )
        """,
        ("pika queue send ship message_id:yes",),
    ),
    "aio-pika-publish": Case(
        """
        import aio_pika
        connection = await aio_pika.connect_robust("amqp://mq")
        channel = await connection.channel()
        """,
        """
        await channel.default_exchange.publish(
            aio_pika.Message(body=message.value), routing_key="ship"
        )
        """,
        ("aio_pika queue send ship none",),
        is_async=True,
    ),
    "aio-pika-message-id": Case(
        """
        import aio_pika
        connection = await aio_pika.connect_robust("amqp://mq")
        channel = await connection.channel()
        """,
        """
        await channel.default_exchange.publish(
            aio_pika.Message(body=message.value, message_id=str(message.offset)),
            routing_key="ship",
        )
        """,
        ("aio_pika queue send ship message_id:yes",),
        is_async=True,
    ),
    "kombu-publish": Case(
        """
        from kombu import Connection
        producer = Connection("amqp://mq").Producer()
        """,
        'producer.publish(event, routing_key="ship")',
        ("kombu queue send ship none",),
    ),
    "nats-publish": Case(
        """
        import nats
        link = await nats.connect("nats://mq")
        stream = link.jetstream()
        """,
        'await stream.publish("ship", message.value)',
        ("nats queue send ship none",),
        is_async=True,
    ),
    "nats-message-id": Case(
        """
        import nats
        link = await nats.connect("nats://mq")
        stream = link.jetstream()
        """,
        """
        headers = {"Nats-Msg-Id": str(message.offset)}
        await stream.publish("ship", message.value, headers=headers)
        """,
        ("nats queue send ship Nats-Msg-Id:yes",),
        is_async=True,
    ),
    "pubsub-publish": Case(
        """
        from google.cloud import pubsub_v1
        publisher = pubsub_v1.PublisherClient()
        """,
        'publisher.publish("projects/p/topics/ship", message.value)',
        ("google-cloud-pubsub queue send projects/p/topics/ship none",),
    ),
    "pubsub-attribute": Case(
        """
        from google.cloud import pubsub_v1
        publisher = pubsub_v1.PublisherClient()
        """,
        """
        publisher.publish("projects/p/topics/ship", message.value, event_id=str(message.offset))
        """,
        ("google-cloud-pubsub queue send projects/p/topics/ship event_id:yes",),
    ),
    "servicebus-send": Case(
        """
        from azure.servicebus import ServiceBusClient, ServiceBusMessage
        sender = ServiceBusClient("ns", None).get_queue_sender("ship")
        """,
        "sender.send_messages(ServiceBusMessage(message.value))",
        ("azure-servicebus queue send ? none",),
    ),
    "servicebus-message-id": Case(
        """
        from azure.servicebus import ServiceBusClient, ServiceBusMessage
        sender = ServiceBusClient("ns", None).get_queue_sender("ship")
        """,
        """
        sender.send_messages(ServiceBusMessage(message.value, message_id=str(message.offset)))
        """,
        ("azure-servicebus queue send ? message_id:yes",),
    ),
    "zeep-create": Case(
        """
        import zeep
        client = zeep.Client("http://erp?wsdl")
        """,
        'client.service.CreateOrder(number=event["order"])',
        ("zeep http call CreateOrder none",),
    ),
    "zeep-get": Case(
        """
        import zeep
        client = zeep.Client("http://erp?wsdl")
        """,
        'client.service.GetOrder(number=event["order"])',
        (),
    ),
    "grpc-create": Case(
        """
        import grpc
        from shop_apis import orders_pb2, orders_pb2_grpc
        stub = orders_pb2_grpc.OrdersStub(grpc.insecure_channel("erp:1"))
        """,
        'stub.CreateOrder(orders_pb2.Order(number=event["order"]))',
        ("grpc http call CreateOrder none",),
    ),
}


def _followed(case: Case) -> Case:
    """The same with the beginning of the statement in a constant of another module."""
    return replace(
        case,
        setup=dedent(case.setup).strip() + "\nfrom shop.statements import INTO",
        body=case.body.replace('"INSERT INTO orders', 'f"{INTO}'),
    )


CASES |= {
    name.removesuffix("-insert") + "-followed": _followed(case)
    for name, case in CASES.items()
    if name.endswith("-insert") and '"INSERT INTO orders' in case.body
}
