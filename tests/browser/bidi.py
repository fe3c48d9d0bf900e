"""A stock Firefox, driven over WebDriver BiDi (W3C): as much of it as one story takes. Playwright drives Chromium, but
Firefox in a build of its own only."""

import asyncio
import base64
import itertools
import json
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.stack import until

KEYS = {"Control": "\ue009", "Enter": "\ue007"}
# It calls home for many things. This machine is asked directly all the same.
NOWHERE: dict[str, str | int] = {
    "network.proxy.type": 1,
    **{f"network.proxy.{kind}": "127.0.0.1" for kind in ("http", "ssl")},
    **{f"network.proxy.{kind}_port": 9 for kind in ("http", "ssl")},
}
WHERE = """text => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange()
    while (texts.nextNode()) {
        if (texts.currentNode.data.trim() !== text) continue
        range.selectNodeContents(texts.currentNode)
        const { x, y, width, height } = range.getBoundingClientRect()
        if (width > 1) return [Math.round(x + width / 2), Math.round(y + height / 2)]
    }
    return null
}"""
START = 30.0
PATIENCE = 15.0
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class BidiError(Exception):
    """What Firefox answered instead of a result."""


@dataclass
class Tab:
    """One tab. Elements are found by the text that they show."""

    socket: ClientConnection
    context: str = ""
    complaints: list[str] = field(default_factory=list[str])
    """Errors and warnings in its console, and what was thrown and not caught."""
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict[int, "asyncio.Future[Any]"])

    async def listen(self) -> None:
        """Hands answers to those who wait for them, until the browser is gone."""
        async for message in self.socket:
            said = json.loads(message)
            if said["type"] == "event":
                if said["params"]["level"] in ("error", "warn"):
                    self.complaints.append(said["params"]["text"])
            elif not (waiting := self._waiting.pop(said["id"])).done():
                if said["type"] == "error":
                    waiting.set_exception(BidiError(f"{said['error']}: {said['message']}"))
                else:
                    waiting.set_result(said["result"])

    async def ask(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(START):
            return await answer

    async def begin(self) -> None:
        await self.ask("session.new", capabilities={})
        self.context = (await self.ask("browsingContext.getTree"))["contexts"][0]["context"]
        await self.ask("session.subscribe", events=["log.entryAdded"])

    async def goes_to(self, url: str) -> None:
        await self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def sees(self, text: str) -> tuple[int, int]:
        """Waits until the text is shown, and says where."""
        found: list[tuple[int, int]] = []

        async def shown() -> bool:
            if place := await self.value(f"({WHERE})({json.dumps(text)})"):
                found.append(place)
            return bool(found)

        await until(shown, f"{text!r} is shown", PATIENCE)
        return found[0]

    async def clicks(self, text: str) -> None:
        x, y = await self.sees(text)
        move = {"type": "pointerMove", "x": x, "y": y}
        presses = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions = [{"type": "pointer", "id": "mouse", "actions": [move, *presses]}]
        await self.ask("input.performActions", context=self.context, actions=actions)

    async def presses(self, *names: str) -> None:
        """Keys together, such as `"Control", "Enter"`."""
        keys = [KEYS.get(name, name) for name in names]
        downs = [{"type": "keyDown", "value": key} for key in keys]
        ups = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        actions = [{"type": "key", "id": "keys", "actions": downs + ups}]
        await self.ask("input.performActions", context=self.context, actions=actions)

    async def value(self, expression: str) -> Any:
        """What JavaScript gives that JSON can say."""
        expression = f"JSON.stringify({expression})"
        target = {"context": self.context}
        answer = await self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    async def shot(self) -> bytes:
        """A PNG."""
        return base64.b64decode((await self.ask("browsingContext.captureScreenshot", context=self.context))["data"])


@asynccontextmanager
async def firefox(executable: str, folder: Path) -> AsyncGenerator[Tab]:
    """A Firefox without a window. Its profile and its output are in `folder`."""
    prefs = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in NOWHERE.items()]
    (folder / "user.js").write_text("".join(prefs))
    command = [executable, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    output = folder / "output.txt"
    with output.open("wb") as file:
        env = {**os.environ, "HOME": str(folder)}
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=file, stderr=file)
    try:
        await until(lambda: LISTENING.search(output.read_text()), f"{output} says where Firefox listens", START)
        (url,) = LISTENING.findall(output.read_text())
        async with connect(f"{url}/session", max_size=None) as socket:
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            await tab.begin()
            yield tab
        await listening
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
