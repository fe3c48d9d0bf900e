"""A small pipeline that has every shape there is: steps side by side, parts, checkpoints in lanes, turns of a debate, a
question to a person; and what a scripted model answers to it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter

from flows._pipeline import pipeline
from steps._ask import ask
from steps._checkpoint import checkpoint
from steps._place import lane, turn
from steps._step import step
from steps._write import write_json, write_text
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import said, said_json

COLOURS = ("red", "green", "blue")
SPEAKERS = ("anna", "bert")


@dataclass(frozen=True)
class Say:
    """What a step says to the model."""

    user: str
    system: str = "Be short."


class Topic(BaseModel):
    name: str
    asks: bool = False


class Outline(BaseModel):
    title: str
    points: list[str]


class Card(BaseModel):
    mark: int


class Text(BaseModel):
    text: str


class Cards(BaseModel):
    cards: dict[str, Card]


class Season(BaseModel):
    season: str


class Whole(BaseModel):
    letter: str
    cards: dict[str, Card]
    debate: list[str]


@step("Write a letter", retries=2, backoff=0.02)
async def letter(topic: Topic) -> Text:
    return Text(text=await write_text(Say(topic.name)))


@step("Make an outline", retries=2, backoff=0.02)
async def outline(topic: Topic) -> Outline:
    parts: dict[str, TypeAdapter[Any]] = {"title": TypeAdapter(str), "points": TypeAdapter(list[str])}
    return await write_json(Outline, Say(topic.name), sections=parts)


@step("Mark it", retries=2, backoff=0.02)
async def cards(of: Outline) -> Cards:
    """Three calls side by side, each kept as soon as it is there."""

    async def card(colour: str) -> Card:
        with lane(colour):
            said = Say(f"{colour} {of.title}")
            return await checkpoint(f"/cards/{colour}", [said.user], lambda: write_json(Card, said, tier="light"), Card)

    made = await asyncio.gather(*map(card, COLOURS), return_exceptions=True)
    for each in made:
        if isinstance(each, BaseException):
            raise each
    return Cards(cards=dict(zip(COLOURS, (each for each in made if isinstance(each, Card)), strict=True)))


@step("Debate", retries=2, backoff=0.02)
async def debate(of: Outline, before: str) -> Text:
    return Text(text=await write_text(Say(f"{of.title} {before}")))


@step("Close", retries=2, backoff=0.02)
async def close(of: Outline, wish: Season) -> Text:
    return Text(text=await write_text(Say(f"{of.title} {wish.season}")))


@pipeline("Shapes", plan={letter: (), outline: (), cards: (outline,), debate: (outline,), close: (debate,)})
async def shapes(topic: Topic) -> Whole:
    async def spoken(speaker: str, of: Outline) -> str:
        said = ""
        for number in (1, 2):
            with lane(speaker), turn(number):
                said = (await debate(of, said)).text
        return said

    async with asyncio.TaskGroup() as group:
        written = group.create_task(letter(topic))
        of = await outline(topic)
        marked = group.create_task(cards(of))
        heard = [await spoken(speaker, of) for speaker in SPEAKERS]
    wish = await ask(Season, "Which season?") if topic.asks else Season(season="winter")
    end = (await close(of, wish)).text
    return Whole(letter=written.result().text, cards=marked.result().cards, debate=[*heard, end])


LETTER = said("Dear ", "frog, ", "the ", "pond ", "is ", "deep.")


def script(server: ScriptedModelServer) -> None:
    """Every call gets a good answer; a story changes what it wants to go wrong."""
    server.forget()
    server.answers("letter", LETTER)
    server.answers("outline", said_json({"title": "Frogs", "points": ["They jump.", "They sing."]}, size=12))
    server.answers("cards", said_json({"mark": 7}, size=6))
    server.answers("debate", said("I ", "think ", "so."))
    server.answers("close", said("The ", "end."))
