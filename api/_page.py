"""HTML out of the OpenAPI document: headings and tables, every text escaped, no script and no inline style."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from api.problems import Kind

Doc = dict[str, Any]

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def reference(document: Doc, kinds: Iterable[Kind]) -> str:
    """The whole document on one page: contents, operations by tag, problems, schemas."""
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in operations))
    info = document["info"]
    parts = [f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>", prose(info["description"])]
    parts.append('<p>The same for machines: <a href="/openapi.json">/openapi.json</a>.</p>')
    for tag in tags:
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [operation_part(*each) for each in operations if each[2]["tags"][0] == tag]
    parts.append("<h2>Problems</h2>")
    parts.append(table(["type", "status", "title", "what to do"], [problem_row(kind) for kind in kinds]))
    parts.append("<h2>Schemas</h2>")
    parts += [schema_part(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return SHELL.format(title=f"{escape(info['title'])} API", body="\n".join(parts))


def problem(kind: Kind) -> str:
    """The page that the `type` of a problem leads to."""
    rows = [["type", f"<code>{kind.uri}</code>"], ["status", str(kind.status)], ["what to do", prose(kind.advice)]]
    body = f'<h1>{escape(kind.title)}</h1>\n{table([], rows)}\n<p><a href="/docs">All of the API</a></p>'
    return SHELL.format(title=escape(kind.title), body=body)


def operation_part(method: str, path: str, operation: Doc) -> str:
    lock = "" if operation.get("security") == [{}] else ' <span class="lock" title="needs a token">token</span>'
    parts = [
        f'<section id="{operation["operationId"]}">',
        f'<h3><span class="method">{method}</span> <code>{escape(path)}</code>{lock}</h3>',
        f"<p>{escape(operation['summary'])}.</p>",
    ]
    if operation["parameters"]:
        rows = [
            [f"<code>{escape(p['name'])}</code>", p["in"], prose(p["description"])] for p in operation["parameters"]
        ]
        parts.append(table(["parameter", "in", "meaning"], rows))
    if "requestBody" in operation:
        parts.append(f"<p>Body: {content_part(operation['requestBody']['content'])}</p>")
    answers = [
        [f"<strong>{status}</strong>", prose(answer["description"]) + content_part(answer.get("content", {}))]
        for status, answer in sorted(operation["responses"].items())
    ]
    return "\n".join([*parts, table(["status", "meaning"], answers), "</section>"])


def content_part(content: Doc) -> str:
    return " ".join(f"<code>{escape(media)}</code> {shape(body['schema'])}" for media, body in content.items())


def shape(schema: Doc) -> str:
    """A link to a named schema, or the first word on one without a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    if schema.get("type") == "array":
        return f"list of {shape(schema['items'])}"
    if "contentSchema" in schema.get("properties", {}).get("data", {}):
        return f"stream of {shape(schema['properties']['data']['contentSchema'])}"
    return escape(str(schema.get("type", "any JSON")))


def schema_part(name: str, schema: Doc) -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    about = prose(schema.get("description", ""))
    summary = f"<summary><code>{escape(name)}</code></summary>"
    return f'<details id="schema-{escape(name)}">{summary}{about}<pre>{text}</pre></details>'


def problem_row(kind: Kind) -> list[str]:
    link = f'<a href="{kind.uri}"><code>{kind.uri}</code></a>'
    return [link, str(kind.status), escape(kind.title), prose(kind.advice)]


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Cells are HTML already."""
    head = f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in heads)}</tr>" if heads else ""
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n{head}{body}\n</table>"


def prose(text: str) -> str:
    """Plain text with `code` in it."""
    marked = re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
    return f"<p>{marked}</p>" if text else ""
