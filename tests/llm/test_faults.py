"""Asking a model that does not behave: each fault of a server, over a real socket, and the error that it becomes."""

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from llm import errors
from llm.client import Model
from llm.config import Deadlines
from llm.errors import ModelError
from llm.openai import open_model
from tests.llm.asking import CALL, JSON_CALL, deltas_of, text_of, usage_of
from tests.scripted_model import KEY, ScriptedModelServer, closed_port
from tests.scripted_replies import (
    DONE,
    Gate,
    Reply,
    asked_for_a_tool,
    chunk,
    error,
    event,
    failed_midway,
    garbled,
    rate_limited,
    refused,
    said,
    silence,
    thought,
    usage,
    without_end,
)

GOOD = said("Water ", "meters ", "that read ", "themselves")
LENGTH = said("Water ", finish="length")
HTML = Reply([b"<html>Welcome</html>"], headers={"content-type": "text/html"})
QUOTA = error(429, "You exceeded your quota", code="insufficient_quota")
FILTERED = error(400, "Filtered", code="content_filter")

# What the server does | the error of ours | what a person reads of it
FAULTS: dict[str, tuple[Reply, type[ModelError], str]] = {
    "429": (rate_limited(), errors.RateLimited, "429"),
    "429 for want of money": (QUOTA, errors.NotAuthorized, "no credit left: You exceeded your quota"),
    "402": (error(402, "Insufficient Balance"), errors.NotAuthorized, "no credit left: Insufficient Balance"),
    "500": (error(500), errors.ServerFailed, "500"),
    "502 with a page": (error(502, body="<html>Bad gateway</html>"), errors.ServerFailed, r"answered 502\.$"),
    "529": (error(529, "Overloaded"), errors.ServerFailed, "529: Overloaded"),
    "408": (error(408), errors.ServerFailed, "408"),
    "409": (error(409), errors.ServerFailed, "409"),
    "400": (error(400, "No such thing"), errors.RejectedRequest, "400: No such thing"),
    "404": (error(404, "No model `heavy`"), errors.RejectedRequest, "404: No model `heavy`"),
    "413": (error(413), errors.RejectedRequest, "413"),
    "422": (error(422), errors.RejectedRequest, "422"),
    "a redirect": (error(307, headers={"location": "http://elsewhere.example"}), errors.RejectedRequest, "moved"),
    "401": (error(401), errors.NotAuthorized, "401"),
    "403": (error(403), errors.NotAuthorized, "403"),
    "a filtered prompt": (FILTERED, errors.ContentFiltered, "filter stopped the request: Filtered"),
    "a filtered answer": (said("W", finish="content_filter"), errors.ContentFiltered, "filter stopped the answer"),
    "a refusal": (refused("I cannot help with that."), errors.Refused, "refused: I cannot help with that"),
    "length": (LENGTH, errors.CutOff, "reached its limit"),
    "no finish_reason": (said("Water ", finish=None), errors.StreamCut, "before it was finished"),
    "neither finish_reason nor [DONE]": (Reply([chunk({"content": "W"})]), errors.StreamCut, "broke off"),
    "nothing said": (said(), errors.EmptyAnswer, "wrote nothing"),
    "white space": (said(" ", "\n"), errors.EmptyAnswer, "wrote nothing"),
    "only thoughts": (thought("Hm.", then=""), errors.EmptyAnswer, "wrote nothing"),
    "a tool": (asked_for_a_tool(), errors.EmptyAnswer, "asked for a tool"),
    "an empty stream": (Reply([DONE]), errors.GarbledStream, "without a word"),
    "a web page": (HTML, errors.GarbledStream, "sent text/html, not a stream"),
    "an error in mid-stream": (failed_midway("W"), errors.ServerFailed, "stopped with 500: The server had an error"),
    "429 in mid-stream": (failed_midway("W", code=429), errors.RateLimited, "429"),
    "too fast, in mid-stream": (failed_midway(type="rate_limit_error"), errors.RateLimited, "429"),
    "no money, in mid-stream": (failed_midway(code="insufficient_quota"), errors.NotAuthorized, "no credit"),
    "400 in mid-stream": (failed_midway(code="400"), errors.RejectedRequest, "400"),
    "a finish that is a failure": (said("W", finish="error"), errors.ServerFailed, r"mid-answer \(error\)"),
    "half a chunk": (garbled("W"), errors.GarbledStream, "not the protocol"),
    "no UTF-8": (garbled("W", then=b'data: {"a": "\xff"}\n\n'), errors.GarbledStream, "not the protocol"),
    "JSON of another kind": (garbled("W", then=event([1])), errors.GarbledStream, "no chat completion chunk"),
    "a number for a text": (garbled(then=chunk({"content": 5})), errors.GarbledStream, "no chat completion chunk"),
    "depth 100,000": (garbled(then=event("[" * 100_000)), errors.GarbledStream, "not the protocol"),
    "words after the end": (
        Reply([chunk({"content": "W"}), chunk(finish="stop"), chunk({"content": "x"})]),
        errors.GarbledStream,
        "went on writing",
    ),
    "a connection cut between chunks": (GOOD.then("cut", after=3), errors.StreamCut, "connection to .* was lost"),
    "a connection closed": (GOOD.then("closed", after=3), errors.StreamCut, "before it was finished"),
    "a connection reset": (GOOD.then("reset", after=3), errors.StreamCut, "was lost: Connection reset by peer"),
    "a connection lost before a word": (Reply(end="cut"), errors.StreamCut, "was lost"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_its_error(server: ScriptedModelServer, model: Model, fault: str) -> None:
    reply, expected, sentence = FAULTS[fault]
    server.answers("framework", reply)
    with pytest.raises(ModelError, match=sentence) as failed:
        await deltas_of(model)
    assert type(failed.value) is expected
    assert failed.value.usage is not None, "what a failed call took is known too"
    assert (failed.value.__cause__, failed.value.__context__) == (None, None), "they hold the request, with the key"
    assert len(server.calls) == 1, "one call is one request"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_does_not_spoil_the_next_call(server: ScriptedModelServer, model: Model, fault: str) -> None:
    server.answers("framework", FAULTS[fault][0], GOOD)
    with pytest.raises(ModelError):
        await deltas_of(model)
    again = replace(CALL, labels={**CALL.labels, "attempt": "2"})
    assert await text_of(model, again) == "Water meters that read themselves"


async def test_a_closed_port_is_said_in_the_systems_words(server: ScriptedModelServer) -> None:
    async with open_model(replace(server.config, base_url=f"http://127.0.0.1:{closed_port()}/v1")) as model:
        with pytest.raises(errors.Unreachable, match=r"Cannot reach 127\.0\.0\.1:\d+: Connection refused"):
            await deltas_of(model)


async def test_a_name_with_two_addresses_is_closed_at_both(server: ScriptedModelServer) -> None:
    async with open_model(replace(server.config, base_url=f"http://localhost:{closed_port()}/v1")) as model:
        with pytest.raises(errors.Unreachable, match=r"Cannot reach localhost:\d+: Connection refused"):
            await deltas_of(model)


async def test_a_server_that_hangs_up_without_an_answer_cannot_be_reached(server: ScriptedModelServer) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as rude:
        url = f"http://127.0.0.1:{rude.sockets[0].getsockname()[1]}/v1"
        async with open_model(replace(server.config, base_url=url)) as model:
            with pytest.raises(errors.Unreachable, match="Cannot reach"):
                await deltas_of(model)


async def test_an_answer_in_another_protocol_is_unreadable_or_unreachable_but_ours(server: ScriptedModelServer) -> None:
    async def speak_ssh(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    async with await asyncio.start_server(speak_ssh, "127.0.0.1", 0) as other:
        address = f"127.0.0.1:{other.sockets[0].getsockname()[1]}/v1"
        for url, sentence in ((f"http://{address}", "Cannot reach"), (f"https://{address}", "no encrypted connection")):
            async with open_model(replace(server.config, base_url=url)) as model:
                with pytest.raises(errors.Unreachable, match=sentence):
                    await deltas_of(model)


@pytest.mark.parametrize("position", range(1, 9))
async def test_a_stream_cut_at_any_chunk_is_never_taken_for_an_answer(
    server: ScriptedModelServer, model: Model, position: int
) -> None:
    """role, four pieces, finish, usage, [DONE]: whole is what has its finish."""
    for end in ("cut", "closed", "reset"):
        server.answers("framework", GOOD.then(end, after=position))
        if position < 6:
            with pytest.raises(errors.StreamCut):
                await deltas_of(model)
        else:
            assert await text_of(model) == "Water meters that read themselves"


async def test_what_came_before_a_cut_was_seen_and_is_estimated(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", GOOD.then("closed", after=4))
    seen: list[str] = []
    with pytest.raises(errors.StreamCut) as cut:
        async with model.stream(CALL) as deltas:
            async for delta in deltas:
                seen.append(delta.text)
    assert seen == ["Water ", "meters ", "that read "]
    assert cut.value.usage is not None
    assert (cut.value.usage.estimated, cut.value.usage.output_tokens) == (True, 6)


async def test_what_a_refused_request_took_is_nothing(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", rate_limited())
    with pytest.raises(errors.RateLimited) as limited:
        await deltas_of(model)
    assert limited.value.usage is not None
    assert (limited.value.usage.input_tokens, limited.value.usage.output_tokens) == (0, 0)


async def test_a_failed_answer_with_its_usage_took_what_the_server_says(
    server: ScriptedModelServer, model: Model
) -> None:
    server.answers("framework", LENGTH)
    with pytest.raises(errors.CutOff, match="its limit of 5 tokens") as cut:
        await deltas_of(model, replace(CALL, max_output_tokens=5))
    assert cut.value.usage is not None
    assert (cut.value.usage.input_tokens, cut.value.usage.output_tokens) == (12, 34)


@pytest.mark.parametrize("text", ["Größe €, 漢字 and 🜁", "a\x00b", "data: x\r\n\r\nevent: y\n\n: z", "a\u2028b"])
async def test_bytes_one_by_one_are_the_same_text(server: ScriptedModelServer, model: Model, text: str) -> None:
    pieces = [event_of(text), chunk(finish="stop")]
    server.answers("framework", Reply(pieces).bytewise(), Reply(pieces).then("closed").bytewise())
    assert await text_of(model) == text
    assert await text_of(model, replace(CALL, labels={**CALL.labels, "attempt": "2"})) == text


def event_of(text: str) -> bytes:
    """A chunk in UTF-8, not in the \\u escapes that Python's json writes."""
    return chunk({"content": "?"}).replace(b'"?"', json_utf8(text))


def json_utf8(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()


async def test_a_character_in_two_halves_is_put_together_again(server: ScriptedModelServer, model: Model) -> None:
    """Some servers cut text between the two escapes of one character. Half of one could not be stored."""
    halves = [chunk({"content": piece}) for piece in ("a\ud83d", "\ude00b", "\ude00", "\ud83d", "c\ud83d")]
    server.answers("framework", Reply([*halves, chunk(finish="stop")]))
    assert await text_of(model) == "a😀b��c�"


@pytest.mark.parametrize("reply", [without_end(), without_end("x" * 5_000)], ids=["words", "pages"])
async def test_an_answer_that_never_ends_is_ended(server: ScriptedModelServer, reply: Reply) -> None:
    server.answers("framework", reply)
    async with open_model(replace(server.config, max_chars=20_000)) as model:
        with pytest.raises(errors.CutOff, match="on and on"):
            await deltas_of(model)
    await server.calls[0].gone()


async def test_a_line_that_never_ends_is_ended(
    server: ScriptedModelServer, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llm._bounded.LONGEST_LINE", 50_000)
    for reply in (Reply([b"data: ", *[b"x" * 1000] * 100]), error(500, "x" * 100_000)):
        server.answers("framework", reply)
        with pytest.raises(errors.GarbledStream, match="more than an answer can be"):
            await deltas_of(model)


async def test_m3_a_refusal_that_never_ends_is_ended_long_before_an_answer_is(
    server: ScriptedModelServer, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llm._bounded.LONGEST_REFUSAL", 50_000)
    server.answers("framework", error(500, "x " * 50_000), said("x " * 50_000))
    with pytest.raises(errors.GarbledStream, match="more than an answer can be"):
        await deltas_of(model)
    assert len(await text_of(model, replace(CALL, labels={"step": "framework", "attempt": "2"}))) == 100_000


async def test_m3_a_name_that_a_server_makes_up_is_cut(server: ScriptedModelServer, model: Model) -> None:
    named = "m" * 100_000
    server.answers("framework", Reply([chunk({"content": "x"}, model=named), chunk(finish="stop", model=named)]))
    assert (await usage_of(model)).model == "m" * 200


TINY = 0.05
Wait = Callable[[Deadlines], Deadlines]
SLOW: dict[str, tuple[Reply, Deadlines, type[ModelError], str]] = {
    "no headers": (Reply([Gate()]), Deadlines(5, TINY, 5, 5), errors.StreamStalled, "nothing at all for 0.05 s"),
    "no word": (silence(every=None), Deadlines(5, TINY, 5, 5), errors.StreamStalled, "nothing at all for 0.05 s"),
    "keep-alives only": (silence(), Deadlines(5, TINY, 5, 5), errors.StreamStalled, "nothing at all for 0.05 s"),
    "keep-alives after a word": (
        silence(before=[chunk({"content": "W"})]),
        Deadlines(5, 5, TINY, 5),
        errors.StreamStalled,
        "began to answer and then wrote nothing for 0.05 s",
    ),
    "silence after a thought": (
        silence(before=[chunk({"reasoning": "Hm"})], every=None),
        Deadlines(5, 5, TINY, 5),
        errors.StreamStalled,
        "then wrote nothing",
    ),
    "a trickle": (without_end(every=0.005), Deadlines(5, 5, 5, 0.2), errors.CallTimedOut, "not finished after 0.2 s"),
    "thoughts for ever": (
        silence(before=[chunk({"reasoning": "Hm"})] * 3),
        Deadlines(5, 5, 5, 0.1),
        errors.CallTimedOut,
        "not finished after 0.1 s",
    ),
}


@pytest.mark.parametrize("slowness", SLOW)
async def test_every_slowness_has_its_deadline_and_the_connection_is_closed(
    server: ScriptedModelServer, slowness: str
) -> None:
    reply, deadlines, expected, sentence = SLOW[slowness]
    server.answers("framework", reply)
    async with open_model(replace(server.config, deadlines=deadlines)) as model:
        with pytest.raises(ModelError, match=sentence) as failed:
            await deltas_of(model)
        assert type(failed.value) is expected
        assert failed.value.usage is not None and failed.value.usage.input_tokens > 0, "it may have been thinking"
        await server.calls[0].gone()


async def test_a_slow_reader_does_not_make_the_model_late(server: ScriptedModelServer) -> None:
    server.answers("framework", said("Water ", "meters"))
    async with open_model(replace(server.config, deadlines=Deadlines(5, 5, TINY, 5))) as model:
        async with model.stream(CALL) as deltas:
            assert (await anext(deltas)).text == "Water "
            await asyncio.sleep(3 * TINY)  # not waiting for anything: the reader is at work
            assert (await anext(deltas)).text == "meters"


async def test_nobody_there_to_take_the_connection_is_a_deadline_of_its_own(server: ScriptedModelServer) -> None:
    """A full queue of connections: the system answers no further one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.socket() as first, socket.socket() as second:
            for waiting in (first, second):
                waiting.setblocking(False)
                waiting.connect_ex(address)
            config = replace(
                server.config, base_url=f"http://127.0.0.1:{address[1]}/v1", deadlines=Deadlines(TINY, 5, 5, 5)
            )
            async with open_model(config) as model:
                with pytest.raises(errors.Unreachable, match="in time"):
                    await deltas_of(model)


@pytest.mark.parametrize("moment", ["before the headers", "before a word", "in mid-answer", "after the last word"])
async def test_a_cancelled_call_hangs_up_at_once(server: ScriptedModelServer, model: Model, moment: str) -> None:
    gate = Gate()
    moves = [chunk({"content": "Water "}), chunk({"content": "meters"}), chunk(finish="stop")]
    at = {"before the headers": 0, "before a word": 0, "in mid-answer": 1, "after the last word": 3}[moment]
    reply = Reply([*moves[:at], gate, *moves[at:]])
    server.answers("framework", reply if at or moment == "before a word" else Reply([gate]))
    asking = asyncio.create_task(text_of(model))
    await server.called("framework")
    await gate.reached.wait()
    cancelled = asyncio.get_running_loop().time()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(1):
        assert await server.calls[0].gone() >= cancelled


async def test_leaving_early_hangs_up_at_once(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", without_end())
    async with model.stream(CALL) as deltas:
        await anext(deltas)
    async with asyncio.timeout(1):
        await server.calls[0].gone()


async def test_an_error_of_the_reader_hangs_up_and_stays_what_it_is(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", without_end())
    with pytest.raises(KeyError, match="mine"):
        async with model.stream(CALL) as deltas:
            async for _ in deltas:
                raise KeyError("mine")
    async with asyncio.timeout(1):
        await server.calls[0].gone()


async def test_a_timeout_around_the_call_is_the_callers_own(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", silence())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(TINY):
            await deltas_of(model)
    await server.calls[0].gone()


LEAKS = [
    error(
        401, f"Incorrect API key provided: {KEY}. You can find yours at https://platform.openai.com/account/api-keys."
    ),
    error(401, f"Incorrect API key provided: {KEY[:9]}****{KEY[-4:]}."),
    error(400, f"Cannot parse: {CALL.user}"),
    error(400, body={"detail": [{"loc": ["body", "messages"], "msg": CALL.system, "input": CALL.user}]}),
    error(500, body=f"Traceback: /usr/lib/python3/dist-packages/vllm/engine.py\n{CALL.user}"),
    failed_midway("W", message=f"Failed on: {CALL.user[5:25]}"),
    refused(f"I will not say {CALL.user}"),
    error(400, body=f"{KEY}"),
]


@pytest.mark.parametrize("reply", LEAKS)
async def test_no_error_text_holds_the_key_or_the_prompt(
    server: ScriptedModelServer, model: Model, reply: Reply
) -> None:
    server.answers("framework", reply)
    with pytest.raises(ModelError) as failed:
        await deltas_of(model)
    said = str(failed.value) + repr(failed.value)
    for secret in (KEY, KEY[:9], KEY[-4:], "Heliotrope Metering", "terse", "dist-packages", "vllm/engine"):
        assert secret not in said
    assert "\n" not in str(failed.value) and len(str(failed.value)) < 400


async def test_json_calls_fail_like_others(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", Reply([chunk({"content": "```json\n"}), chunk(finish="stop"), usage(1, 1)]))
    assert await text_of(model, JSON_CALL) == "", "a fence with nothing in it is for the parser of the JSON to judge"
