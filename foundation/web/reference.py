"""The list of the API's routes as a page, from its OpenAPI document.

FastAPI's own page loads a program from the internet; a call centre may have no way there.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def reference_page(openapi: Mapping[str, Any]) -> str:
    info = openapi["info"]
    routes = "\n".join(
        _route(method, path, item[method])
        for path, item in openapi["paths"].items()
        for method in METHODS
        if method in item
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])} API</title>
<link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body class="reference">
<h1>{escape(info["title"])} <small>{escape(info["version"])}</small></h1>
<p>Errors are <code>{{"error": "a sentence"}}</code>. For programs:
 <a href="/openapi.json">/openapi.json</a>.</p>
{routes}
</body>
</html>
"""


def _route(method: str, path: str, route: Mapping[str, Any]) -> str:
    parameters = "".join(_parameter(each) for each in route.get("parameters", ()))
    body = _body(route.get("requestBody"))
    answers = "".join(
        f"<li><code>{escape(status)}</code> {escape(answer['description'])}</li>"
        for status, answer in route["responses"].items()
    )
    return f"""<article>
<h2><code class="{method}">{method.upper()}</code> <code>{escape(path)}</code></h2>
<p>{escape(route.get("description") or route.get("summary", ""))}</p>
<ul>{parameters}{body}{answers}</ul>
</article>"""


def _parameter(parameter: Mapping[str, Any]) -> str:
    need = "" if parameter.get("required") else ", optional"
    text = escape(parameter.get("description", ""))
    return f"<li><var>{escape(parameter['name'])}</var> ({parameter['in']}{need}) {text}</li>"


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    schemas = [content["schema"] for content in body["content"].values()]
    names = ", ".join(schema.get("$ref", "").rpartition("/")[2] or "JSON" for schema in schemas)
    return f"<li>body: <var>{escape(names)}</var></li>"
