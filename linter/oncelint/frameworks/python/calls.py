"""Placement: the calls by which something outside is told, paid, mailed or asked to work.

HTTP clients are told by their library; the words below tell a request that only asks from one that
does something. The page each table was read from is named beside it. An argument is written as in
`oncelint.frameworks.python.stores`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oncelint.model.sinks import SinkKind

# Requests "Developer Interface", HTTPX "Developer Interface", aiohttp "Client Reference", urllib3
# "Pool manager", the standard library's urllib.request and http.client.
HTTP_PACKAGES = ("requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client")
HTTP_METHODS: Mapping[str, str] = {
    "post": "post",
    "put": "put",
    "patch": "patch",
    "delete": "delete",
}
# Calls that take the HTTP method as an argument, to where it stands.
HTTP_REQUESTS: Mapping[str, tuple[str, str]] = {
    "request": ("method:0", "url:1"),
    "stream": ("method:0", "url:1"),
    "urlopen": ("method:0", "url:1"),
}
# What carries the request's content, and what its head.
HTTP_BODIES = ("json", "data", "body", "content", "fields")
HTTP_HEADERS = "headers"

# Header and body names by which the other side can tell a repetition: the IETF draft "The
# Idempotency-Key HTTP Header Field", PayPal-Request-Id, OASIS Repeatability-Request-ID, PagerDuty's
# dedup_key, and what house-made services call it.
KEY_HEADER = re.compile(
    r"idempot|dedup|repeatability-request-id|request-?id|message-?id|event-?id|nats-msg-id", re.I
)
KEY_FIELD = re.compile(
    r"idempot|dedup|^(?:client_?)?(?:request|message|event|msg)_?id$|^external_?(?:id|ref)"
    r"|^client_?(?:token|reference|ref)|^_?id$|^uuid$|nonce",
    re.I,
)

# The last parts of a path that asks and changes nothing worth a key: searches, query languages,
# logins, predictions, health and telemetry.
_ASKS = (
    "_search|_msearch|_count|_mget|search|query|queries|lookup|find|filter|graphql|gql|sparql|rpc"
    "|login|signin|auth|oauth2?|tokens?|authenticate|authorize|introspect|session|refresh|connect"
    "|predict|predictions?|infer|inference|invocations|classify|classification|score|scoring|rank"
    "|rerank|detect|recogni[sz]e|extract|embed|embeddings?|encode|decode|tokenize|generate|completions?"
    "|chat|summari[sz]e|translate|transcribe|analy[sz]e|evaluate|calculate|compute|estimate|quote"
    "|validate|verify|check|compare|match|resolve|geocode|reverse|route|directions|render|convert"
    "|transform|parse|preview|simulate|dry-?run|subjects|versions|compatibility|schemas?"
    "|metrics|prometheus|write|remote_write|health|ping|heartbeat|status|logs?|traces|spans|push"
    "|_bulk|batchget|batch-get|forward"
)
ASKS_PATH = re.compile(rf"(?:^|/|:)(?:{_ASKS})(?:/?$|[?/:{{])", re.I)
# Names of variables, functions and hosts that tell the same where the path does not.
ASKS_WORDS = re.compile(
    r"search|query|queries|lookup|graphql|oauth|token|login|signin|authenticate|predict|inference"
    r"|classif|embed|scor(?:e|ing)|model|openai|ollama|llm|gpt|anthropic|huggingface|bert|translat"
    r"|geocod|pushgateway|prometheus|influx|loki|datadog|newrelic|sentry|logstash|splunk|grafana"
    r"|elastic|opensearch|solr|registry|metric|health|ksql|sparql|druid|rpc",
    re.I,
)
# Functions that are named for what they bring back.
READS_NAME = re.compile(
    r"^_*(?:async_)?(?:get|fetch|find|search|query|lookup|look_up|load|read|list|count|check"
    r"|predict|infer|classify|score|embed|encode|detect|extract|translate|summari[sz]e|generate"
    r"|analy[sz]e|enrich|resolve|geocode|validate|verify|login|log_in|auth|authenticate|connect"
    r"|refresh|parse|convert|compute|calculate|estimate|evaluate|is|has|request_token)(?:_|$)",
    re.I,
)
# Functions that are named for telling what goes on.
OBSERVES_NAME = re.compile(
    r"^_*(?:(?:send|push|report|emit|post|write|publish|record)_)?"
    r"(?:logs?|metrics?|telemetry|heartbeats?|traces?|stats)(?:_|$)",
    re.I,
)
# Addresses that name what is written: an Elasticsearch document with an id, a resource under an id
# of the record, or the state of one.
BY_ID = re.compile(
    r"/_(?:doc|create|update)/.|/\{[^}]+\}/?$"
    r"|\{[^}]*\}/(?:upload|content|errors?|results?|status|state|progress|complete|done|finish(?:ed)?"
    r"|start|stop|close|open|cancel|confirm|ack|acknowledge|activate|deactivate|enable|disable"
    r"|approve|reject|read|fail(?:ed)?|success|archive|delete|lock|unlock)/?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Calls:
    """What one method or function of a library does.

    `identity` names the argument that holds the key by which the other side tells a repetition (a
    star: any keyword that is named like one), `inside` the mapping or object argument of which it
    is an entry, and `target` what it is sent to.
    """

    kind: SinkKind
    operation: str = "send"
    identity: str = ""
    inside: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One library: `packages` are the dotted names its clients come from.

    A method is named by the end of the way to it (`messages.create`); `functions` are whole dotted
    names, in which a star stands for one part.
    """

    name: str
    packages: tuple[str, ...]
    methods: Mapping[str, Calls] = field(default_factory=dict)
    functions: Mapping[str, Calls] = field(default_factory=dict)


_MAIL = Calls("mail")

# Stripe API reference, "Idempotent requests": `idempotency_key` in the call or its options.
_STRIPE = Calls("payment", "call", "idempotency_key")
# Square API "Idempotency": `idempotency_key` in the body.
_SQUARE = Calls("payment", "call", "idempotency_key", "body:0")
# Adyen "API idempotency"; the Python library takes it by keyword.
_ADYEN = Calls("payment", "call", "idempotency_key")
# Braintree "Transaction.sale": order_id, with duplicate transaction checking.
_BRAINTREE = Calls("payment", "call", "order_id", "params:0")
# PayPal "API requests": PayPal-Request-Id.
_PAYPAL = Calls("payment", "call", "request_id")
# Razorpay Python client.
_RAZORPAY = Calls("payment", "call", "receipt", "data:0")

SERVICES: tuple[Service, ...] = (
    Service(
        "stripe",
        ("stripe.StripeClient()",),
        {"create": _STRIPE, "create_async": _STRIPE},
        {
            "stripe.*.create": _STRIPE,
            "stripe.*.create_async": _STRIPE,
            "stripe.*.*.create": _STRIPE,
            "stripe.*.*.create_async": _STRIPE,
        },
    ),
    Service(
        "braintree",
        ("braintree.BraintreeGateway()",),
        {"transaction.sale": _BRAINTREE, "transaction.refund": _BRAINTREE},
        {
            "braintree.Transaction.sale": _BRAINTREE,
            "braintree.Transaction.refund": _BRAINTREE,
        },
    ),
    Service(
        "paypal",
        ("paypalrestsdk.Payment()", "paypalrestsdk.Payout()", "paypalcheckoutsdk.core"),
        {"create": _PAYPAL, "execute": _PAYPAL},
    ),
    Service(
        "adyen",
        ("Adyen.Adyen()", "Adyen.AdyenClient()"),
        {
            "payments_api.payments": _ADYEN,
            "payments": _ADYEN,
            "payment.authorise": _ADYEN,
            "modifications_api.refund_captured_payment": _ADYEN,
        },
    ),
    Service(
        "square",
        ("square.client", "square.Square()", "square.AsyncSquare()", "square.client.Client()"),
        {
            "payments.create_payment": _SQUARE,
            "payments.create": Calls("payment", "call", "idempotency_key"),
            "refunds.refund_payment": _SQUARE,
            "orders.create_order": _SQUARE,
        },
    ),
    Service(
        "razorpay",
        ("razorpay.Client()",),
        {
            "order.create": _RAZORPAY,
            "payment.capture": Calls("payment", "put"),
            "payout.create": _RAZORPAY,
        },
    ),
    # Twilio "Message resource", "Call resource": no key of the caller's.
    Service(
        "twilio",
        ("twilio.rest",),
        {
            "messages.create": Calls("mail", target="to"),
            "messages.create_async": Calls("mail", target="to"),
            "calls.create": Calls("mail", target="to"),
        },
    ),
    # SendGrid "v3 Mail Send".
    Service(
        "sendgrid",
        ("sendgrid",),
        {"send": _MAIL, "mail.send.post": _MAIL},
    ),
    # Slack "chat.postMessage", "Sending messages using incoming webhooks".
    Service(
        "slack_sdk",
        ("slack_sdk", "slack"),
        {
            "chat_postMessage": Calls("mail", target="channel"),
            "files_upload_v2": Calls("mail", target="channel"),
            "send": _MAIL,
            "send_dict": _MAIL,
        },
    ),
    # Firebase Cloud Messaging "Send messages".
    Service(
        "firebase_admin",
        (),
        {},
        {
            "firebase_admin.messaging.send": _MAIL,
            "firebase_admin.messaging.send_multicast": _MAIL,
            "firebase_admin.messaging.send_each": _MAIL,
            "firebase_admin.messaging.send_each_for_multicast": _MAIL,
        },
    ),
    # Telegram "Bot API": sendMessage.
    Service(
        "telegram",
        ("telegram", "telebot", "aiogram"),
        {"send_message": Calls("mail", target="chat_id:0"), "sendMessage": _MAIL},
    ),
    # smtplib "SMTP Objects", aiosmtplib "send".
    Service(
        "smtplib",
        ("smtplib",),
        {"sendmail": _MAIL, "send_message": _MAIL},
    ),
    Service(
        "aiosmtplib",
        ("aiosmtplib",),
        {"sendmail": _MAIL, "send_message": _MAIL},
        {"aiosmtplib.send": _MAIL},
    ),
    # Django "Sending email"; mail_admins() tells the operators and is left alone.
    Service(
        "django.core.mail",
        ("django.core.mail",),
        {"send": _MAIL, "send_messages": _MAIL},
        {"django.core.mail.send_mail": _MAIL, "django.core.mail.send_mass_mail": _MAIL},
    ),
    # Celery "Calling Tasks": what task_id names is what the caller chooses. A task of the project
    # is followed instead.
    Service(
        "celery",
        ("celery",),
        {
            "send_task": Calls("queue", identity="task_id", target="name:0"),
            "delay": Calls("queue"),
            "apply_async": Calls("queue", identity="task_id"),
        },
    ),
    # RQ "Enqueueing Jobs".
    Service(
        "rq",
        ("rq.Queue()", "rq.queue"),
        {
            "enqueue": Calls("queue", identity="job_id", target="f:0"),
            "enqueue_call": Calls("queue", identity="job_id", target="func:0"),
            "enqueue_in": Calls("queue", identity="job_id", target="func:1"),
        },
    ),
    # Pika "Channel": the message id is one of the properties.
    Service(
        "pika",
        ("pika",),
        {
            "basic_publish": Calls(
                "queue", identity="message_id", inside="properties:3", target="routing_key:1"
            )
        },
    ),
    Service(
        "aio_pika",
        ("aio_pika",),
        {
            "publish": Calls(
                "queue", identity="message_id", inside="message:0", target="routing_key:1"
            )
        },
    ),
    # Kombu "Producer.publish": properties are keywords.
    Service(
        "kombu",
        ("kombu",),
        {"publish": Calls("queue", identity="message_id", target="routing_key:1")},
    ),
    # NATS JetStream "Publishing": Nats-Msg-Id within the stream's duplicate window.
    Service(
        "nats",
        ("nats",),
        {"publish": Calls("queue", identity="Nats-Msg-Id", inside="headers", target="subject:0")},
    ),
    # google-cloud-pubsub "Publisher": attributes are keywords; nothing is deduplicated by them, but
    # a subscriber can.
    Service(
        "google-cloud-pubsub",
        ("google.cloud.pubsub", "google.cloud.pubsub_v1"),
        {"publish": Calls("queue", identity="*", target="topic:0")},
    ),
    # Azure Service Bus "Duplicate detection": message_id of the message.
    Service(
        "azure-servicebus",
        ("azure.servicebus",),
        {
            "send_messages": Calls("queue", identity="message_id", inside="message:0"),
        },
    ),
    Service("zeep", ("zeep",)),
    Service("grpc", ()),
)

# What a SOAP or gRPC operation must be called to be taken for one that does something.
DOES_NAME = re.compile(
    r"^(?:create|submit|send|add|post|place|book|charge|pay|transfer|issue|enqueue|publish|notify)"
    r"(?=[A-Z_]|$)",
    re.I,
)

# By the name a boto3, aioboto3 or aiobotocore client is asked for: the service's API reference.
AWS_CALLS: Mapping[str, Mapping[str, Calls]] = {
    # "Exactly-once processing in Amazon SQS": five minutes, FIFO queues alone.
    "sqs": {
        "send_message": Calls("queue", identity="MessageDeduplicationId", target="QueueUrl"),
        "send_message_batch": Calls(
            "queue", identity="MessageDeduplicationId", inside="Entries", target="QueueUrl"
        ),
    },
    "sns": {
        "publish": Calls("queue", identity="MessageDeduplicationId", target="TopicArn"),
        "publish_batch": Calls(
            "queue",
            identity="MessageDeduplicationId",
            inside="PublishBatchRequestEntries",
            target="TopicArn",
        ),
    },
    "ses": dict.fromkeys(("send_email", "send_raw_email", "send_templated_email"), _MAIL),
    "sesv2": dict.fromkeys(("send_email",), _MAIL),
    "kinesis": {
        "put_record": Calls("queue", target="StreamName"),
        "put_records": Calls("queue", target="StreamName"),
    },
    "firehose": {
        "put_record": Calls("queue", target="DeliveryStreamName"),
        "put_record_batch": Calls("queue", target="DeliveryStreamName"),
    },
    "events": {"put_events": Calls("queue")},
    # "StartExecution": a name starts a standard workflow once.
    "stepfunctions": {"start_execution": Calls("queue", identity="name", target="stateMachineArn")},
    "lambda": {"invoke": Calls("http", "call", target="FunctionName")},
}
