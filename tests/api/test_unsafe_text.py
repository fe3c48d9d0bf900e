"""Characters that a terminal obeys or that turn a line around: refused in whatever comes in, shown where they are."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from events.store import Store
from events.text import named, unsafe_in
from tests.api.batching import brief_of, order
from tests.api.conftest import problem
from tests.api.editing import NEW_VISION, editing
from tests.api.test_batches import lines
from tests.api.test_starting import BRIEF, START, pointers
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import Story

CONTROLS = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
UNSAFE = [chr(code) for code in (*CONTROLS, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
ORDINARY = [
    "Tabs\tand lines\nand more\r\nlines",
    "Emoji 🚀 and a family 👨\u200d👩\u200d👧",
    "العربية \u200fעברית\u200e \u200cفارسی",
    "Ünïcode, 日本語, \u00a0\u2028, e\u0301, \ufeff",
]
SENTENCE = "It holds U+001B (a control character), which no text may hold."


def refused(answer: Response) -> dict[str, str]:
    assert problem(answer) == (422, "invalid-input")
    return pointers(answer.json())


def test_l8_every_such_character_is_found_and_nothing_else() -> None:
    assert [chr(code) for code in range(0x3000) if list(unsafe_in(chr(code)))] == UNSAFE
    assert [list(unsafe_in(text)) for text in ORDINARY] == [[]] * len(ORDINARY)
    assert [named(letter) for letter in "\x1b\u202e"] == [
        "U+001B (a control character)",
        "U+202E (right-to-left override)",
    ]


async def test_l8_an_input_is_refused_with_the_field_and_the_character(client: AsyncClient, store: Store) -> None:
    spoilt = {**BRIEF, "company_name": "Acme\x1b[7m", "current_state": "a\u202eb"}

    answer = await client.post("/api/runs", json={**START, "input": spoilt})

    assert refused(answer) == {
        "/input/company_name": SENTENCE,
        "/input/current_state": "It holds U+202E (right-to-left override), which no text may hold.",
    }
    assert (await store.runs.page("default")).runs == []


async def test_l8_the_name_of_a_field_is_a_text_too(client: AsyncClient) -> None:
    answer = await client.post("/api/runs", json={**START, "input": {**BRIEF, "x\x9b": 1}})

    assert refused(answer) == {
        "/input": "The name of a field holds U+009B (a control character), which no text may hold."
    }


@pytest.mark.parametrize("text", ORDINARY)
async def test_l8_ordinary_text_is_taken_as_it_is(client: AsyncClient, store: Store, text: str) -> None:
    answer = await client.post("/api/runs", json={**START, "input": {**BRIEF, "current_state": text}})

    assert answer.status_code == 202, answer.text
    given: Any = await store.runs.input(UUID(answer.json()["run_id"]), "default")
    assert given["current_state"] == text.strip()


async def test_l8_items_keys_and_names_of_a_batch_are_refused(client: AsyncClient) -> None:
    document = order("a", "b\x1b", name="p\x1b")
    document["items"].append({"key": "c", "input": {**brief_of("c"), "current_state": "\x1b"}})

    found = refused(await client.post("/api/batches", json=document))

    assert found == {
        "/name": SENTENCE,
        "/items/1/key": SENTENCE,
        "/items/1/input/company_name": SENTENCE,
        "/items/2/input/current_state": SENTENCE,
    }


async def test_l8_lines_of_a_batch_are_refused_by_their_numbers(client: AsyncClient) -> None:
    spoilt = {"key": "b", "input": {**BRIEF, "current_state": "\x1b"}}

    answer = await lines(client, BRIEF, "\n", spoilt, {**BRIEF, "company_name": "\x1b"}, query="?name=p%1B")

    assert refused(answer) == {
        "/name": SENTENCE,
        "/items/1/input/current_state": f"Line 3: {SENTENCE}",
        "/items/2/input/company_name": f"Line 4: {SENTENCE}",
    }


async def test_l8_a_key_may_be_of_any_script_and_is_on_one_line(client: AsyncClient) -> None:
    assert (await client.post("/api/batches", json=order("👩\u200d💻", "عربي\u200f", name="日本"))).status_code == 202
    answer = await client.post("/api/batches", json=order("a\tb"))
    assert refused(answer) == {"/items/0/key": "It holds U+0009 (a control character), which no name may hold."}


async def test_l8_edits_and_wishes_are_refused(store: Store) -> None:
    async with editing(store) as editor:
        assert refused(await editor.edit(strategy=["a", "\x1b"])) == {"/strategy/1": SENTENCE}
        answer = await editor.refine(section="vision", instruction="Shorter\x1b")
        assert refused(answer) == {"/instruction": SENTENCE}


async def test_l8_an_author_is_refused_by_the_character(store: Store) -> None:
    async with editing(store) as editor:
        for name in ("A\u202eda", "A\u0085da"):
            answer = await editor.edit(by=name, vision=NEW_VISION)
            assert problem(answer) == (400, "bad-request")
            assert answer.json()["detail"] == f"Stepglass-Author holds {named(name[1])}, which no name may hold."
        answer = await editor.edit(by="Ada שלום\u200f 👩\u200d💻", vision=NEW_VISION)
        assert answer.status_code == 200, answer.text


async def test_l8_an_answer_is_refused(client: AsyncClient, store: Store) -> None:
    run_id = await accept(store)
    question = {"input_id": "i", "schema": {"type": "object"}, "prompt": "Well?"}
    await (await hold(store, run_id)).write(rest_of(Story().queued().started().say("input_required", question)))

    answer = await client.post(f"/api/runs/{run_id}/inputs/i", json={"value": {"text": ["\x1b"]}})

    assert refused(answer) == {"/value/text/0": SENTENCE}


async def test_l8_an_old_run_that_holds_them_can_be_read_and_done_again(client: AsyncClient, store: Store) -> None:
    spoilt = {**BRIEF, "company_name": "Acme\x1b\u202e"}
    story = Story().queued().started().done({"answer": "a\x1b\u202e"})
    run_id = await told(store, story, input=spoilt, title="Acme\x1b\u202e")

    assert (await client.get(f"/api/runs/{run_id}/result")).json() == {"answer": "a\x1b\u202e"}
    assert (await client.get("/api/runs")).json()["runs"][0]["title"] == "Acme\x1b\u202e"
    again = await client.post(f"/api/runs/{run_id}/retry")
    assert again.status_code == 202, again.text
    assert await store.runs.input(UUID(again.json()["run_id"]), "default") == spoilt
