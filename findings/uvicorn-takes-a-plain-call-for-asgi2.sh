#!/bin/sh
# uvicorn 0.54.0: an ASGI 3 application that is an object with a plain `__call__` is run as ASGI 2, and every request
# fails with 500.
#
# Guess before: ASGI 3 asks for a callable of (scope, receive, send) that returns an awaitable. A middleware whose
# `__call__` is a plain `def` and returns the inner application's coroutine is one, wherever it stands.
# Seen: with `--interface auto`, the default, uvicorn asks whether `__call__` is a coroutine function. If it is not, it
# calls the application with the scope alone: "missing 2 required positional arguments: 'receive' and 'send'". Inside
# Starlette the same middleware works. As the outermost one it needs `async def`, or `interface="asgi3"`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0
cat >"$folder/site.py" <<'PYTHON'
import socket
import threading
import urllib.error
import urllib.request

import uvicorn


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Plain:
    def __call__(self, scope, receive, send):
        return application(scope, receive, send)


class Async:
    async def __call__(self, scope, receive, send):
        await application(scope, receive, send)


def status(app, interface):
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", interface=interface, log_level="critical"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    finally:
        server.should_exit = True
        thread.join()


seen = {
    "plain, auto": status(Plain(), "auto"),
    "plain, asgi3": status(Plain(), "asgi3"),
    "async, auto": status(Async(), "auto"),
}
print(f"uvicorn {uvicorn.__version__}:", seen)
if seen != {"plain, auto": 500, "plain, asgi3": 200, "async, auto": 200}:
    raise SystemExit("This has changed.")
PYTHON
"$folder/venv/bin/python" "$folder/site.py"
