"""What operators put up around a stack: a collector of spans, a receiver of alerts. Real servers, each in a thread."""

import base64
import gzip
import hashlib
import hmac
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True, slots=True)
class Span:
    """As it came over the wire. `parent` is empty for the first one of its trace."""

    trace: str
    id: str
    parent: str
    name: str
    tells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: dict[str, str]
    body: bytes

    def signed_with(self, secret: bytes) -> bool:
        """As `docs/operations.md` shows it to whoever receives one."""
        id, sent = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        digest = hmac.digest(secret, f"{id}.{sent}.".encode() + self.body, hashlib.sha256)
        return f"v1,{base64.b64encode(digest).decode()}" in self.headers["webhook-signature"].split()

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Listener:
    """Answers `refusals` of its requests with 500 before it takes one."""

    refusals: int = 0
    spans: list[Span] = field(default_factory=list[Span])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        if path == "/v1/traces":
            self.spans += spans_in(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
            return 200
        self.deliveries.append(Delivery(headers, body))
        return 500 if len(self.deliveries) <= self.refusals else 204


def spans_in(body: bytes) -> list[Span]:
    asked = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            {each.key: value_of(each) for each in span.attributes},
        )
        for resource in asked.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def value_of(told: KeyValue) -> Any:
    return getattr(told.value, told.value.WhichOneof("value") or "string_value")


@contextmanager
def listening(refusals: int = 0) -> Generator[Listener]:
    listener = Listener(refusals)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(listener.take(self.path, headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
