"""`stepglass up`, as a person starts it: everything in one terminal, and nothing left behind."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from tests.clusters import open_folder
from tests.e2e.stack import until
from tests.e2e.up import NAMES, Up, below, named, titles

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def stack() -> AsyncIterator[Up]:
    with open_folder("stepglass-up-") as folder:
        yield Up(folder / "data")


async def test_a_stack_is_started_used_hurt_and_stopped_without_a_trace(stack: Up) -> None:
    async with stack.up() as (process, said):
        assert said[-1] == f"Open  http://127.0.0.1:{stack.port}"
        await until(lambda: titles(below(process, stack.data_dir)) >= NAMES, "every process has its name")
        started = below(process, stack.data_dir)

        code, text = await stack.run("generate", "--example", "solar-microgrids")
        assert code == 0, text
        assert "Scores" in text and "a demo, not a real model" in text

        code, text = await stack.run("up")
        assert code == 1 and "is up already" in text
        code, text = await Up(stack.data_dir.with_name("other"), stack.port, stack.prefect_port).run("up")
        assert (code, text.splitlines()) == (
            1,
            [
                f"Port {stack.port} is taken. Set STEPGLASS_PORT to another one.",
                f"Port {stack.prefect_port} is taken. Set STEPGLASS_PREFECT_PORT to another one.",
            ],
        )

        named(started, "stepglass worker").kill()
        await until(lambda: any(line.endswith("is back.") for line in said), "the worker is back", 60)
        assert any("was killed (SIGKILL). Starting it again in 0.5 s." in line for line in said)
        code, text = await stack.run("generate", "--example", "clinic-scheduling", "--json")
        assert code == 0 and '"type":"complete"' in text.splitlines()[-1]

        started += below(process, stack.data_dir)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(40):
            assert await process.wait() == 0
    assert said[-1] == "Stopped."
    await until(lambda: not any(each.is_running() for each in started), "no process is left")
    assert stack.free()
    assert {file.name for file in (stack.data_dir / "logs").iterdir()} >= {"api.log", "worker.log"}


SECRETS = {
    "STEPGLASS_API_TOKENS": "acme:a-token-of-this-test-alone",
    "STEPGLASS_TOKEN_SECRET": "what-tokens-of-this-test-are-signed-with",
    "STEPGLASS_WEBHOOK_SECRET": "what-alerts-of-this-test-are-signed-with",
    "SOMEBODY_ELSES_PASSWORD": "a-password-that-is-not-ours",
}


async def test_l1_l2_a_stack_keeps_its_secrets_to_themselves_and_dies_with_its_supervisor(stack: Up) -> None:
    # setproctitle overwrites the environment that the kernel shows, unless it is told not to.
    stack.more |= {**SECRETS, "SPT_NOENV": "1"}
    async with stack.up() as (process, _):
        started = below(process, stack.data_dir)
        await until(lambda: titles(below(process, stack.data_dir)) >= NAMES, "every process has its name")
        children = [each for each in below(process, stack.data_dir) if each.pid != process.pid]
        has = {each: [name for name in SECRETS if name in each.environ()] for each in children}
        assert {" ".join(each.cmdline()).strip(): names for each, names in has.items() if names} == {
            "stepglass api": ["STEPGLASS_API_TOKENS", "STEPGLASS_TOKEN_SECRET"],
            "stepglass worker": ["STEPGLASS_WEBHOOK_SECRET"],
        }
        assert all("PATH" in each.environ() for each in children if each.ppid() == process.pid)
        # Where root runs it, the server's group may pass through the data directory itself.
        assert stack.data_dir.stat().st_mode & 0o767 == 0o700
        assert not [path for path in stack.data_dir.rglob("*") if path.lstat().st_mode & 0o077]
        process.kill()
    await until(lambda: not any(each.is_running() for each in started), "no process is left")
    assert stack.free()
