"""`python -m llm.demo`: a process of its own."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

from openai import AsyncOpenAI

ROOT = Path(__file__).parents[3]


async def answers(port: int) -> None:
    """Wait until somebody listens."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return await writer.wait_closed()


async def test_it_serves_and_writes_a_line_for_each_call_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port = briefly.getsockname()[1]
    calls = tmp_path / "calls.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "llm.demo", "--port", str(port), "--speed", "0", "--calls", str(calls)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(15):
            await answers(port)
            url = f"http://127.0.0.1:{port}/v1"
            async with await asyncio.to_thread(AsyncOpenAI, base_url=url, api_key="demo", max_retries=0) as client:
                whole = await client.chat.completions.create(
                    model="stepglass-demo-light", messages=[{"role": "user", "content": "Bread rises."}]
                )
            assert "Bread rises." in (whole.choices[0].message.content or "")
            process.send_signal(signal.SIGTERM)
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert said == b""
    (line,) = (await asyncio.to_thread(calls.read_text)).splitlines()
    assert json.loads(line)["outcome"] == "finished"
