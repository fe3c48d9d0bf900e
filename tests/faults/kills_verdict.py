"""What became of it all: every run's log against what the model was asked and what the viewers saw."""

import asyncio
import json
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from events.contract import LAST_WORDS, RunResumed
from events.errors import StoreUnavailable
from events.log import Entry, EventLog
from tests.check_history import ModelCall, Reader, check_history
from tests.faults.kills_load import Record
from tests.faults.kills_viewers import Viewing

KEPT = 40
"""Logs that are kept at hand, so that those who saw the same run are compared with it at the price of one reading."""
ATTEMPTS = 3
REPAIRS = 2
"""Calls of one attempt at `validation`, which makes them one after the other; an answer may ask for one more."""
PAID = ("the step was complete at", "was there already, a checkpoint", "its result was taken over", "model calls for")
LAST_WORD = ("no last word", "last words, at", "it stands behind the last word")
ORDER = ("expected seq",)
LEASE_MS = 10_000
"""A worker that stood still may have a call on its way when its run ends elsewhere: when its lease is out it knows."""


@dataclass
class Calls:
    """The model's account, read on from where it was read last."""

    account: Path
    by_run: dict[str, list[ModelCall]] = field(default_factory=dict[str, list[ModelCall]])
    made: int = 0
    heard: int = 0
    _offset: int = 0

    def read(self) -> None:
        with self.account.open() as file:
            file.seek(self._offset)
            while (line := file.readline()).endswith("\n"):
                self._offset = file.tell()
                self._add(json.loads(line))

    def _add(self, line: dict[str, Any]) -> None:
        if "over" in line:
            self.heard += line["heard"]
            return
        self.made += 1
        run = line["run"]
        call = ModelCall(UUID(run), line["step"], line["attempt"], line["lane"], line["at_ms"], line["path"])
        self.by_run.setdefault(run, []).append(call)


@dataclass
class Verdict:
    """Counts, and the first words of whatever is wrong. All but the last group must be 0."""

    log: EventLog
    calls: Calls
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    altered: int = 0
    no_last_word: int = 0
    paid_twice: int = 0
    broken: int = 0
    wrong: list[str] = field(default_factory=list[str])

    events: int = 0
    chunks: int = 0
    seen: int = 0
    viewings: int = 0
    reconnects: int = 0
    silence: float = 0.0
    standstill: float = 0.0
    resumed: int = 0
    late: int = 0
    """Calls that reached the model behind the last word of their run, within a lease."""
    ends: dict[str, int] = field(default_factory=dict[str, int])
    _kept: OrderedDict[str, list[Entry]] = field(default_factory=OrderedDict[str, list[Entry]])

    async def viewing(self, viewing: Viewing) -> None:
        """Compare what a viewer saw with what the log says now that all is over."""
        entries = await self.entries(viewing.run_id)
        self.viewings += 1
        self.seen += len(viewing.seen)
        self.reconnects += viewing.reconnects
        self.silence = max(self.silence, viewing.silence)
        self.lost += viewing.lost
        self.doubled += viewing.doubled
        self.reordered += viewing.reordered
        for what in viewing.wrong:
            self._say("broken", what)
        if viewing.seen == [entry.line for entry in entries]:
            return
        run_id = UUID(viewing.run_id)
        reader = Reader(run_id, [json.loads(line) for line in viewing.seen], ended=viewing.ended, name=viewing.name)
        try:
            check_history({run_id: entries}, [], [reader], max_attempts=1000)
        except AssertionError as error:
            missing = len(entries) - viewing.at if viewing.ended else 0
            self.lost += missing
            if not (missing or viewing.lost or viewing.doubled or viewing.reordered):
                self.altered += 1
            self.wrong.append(str(error)[:1500])

    async def run(self, record: Record) -> None:
        """The log of a run that has ended, and every call that was made for it so far."""
        entries = await self.entries(record.run_id)
        run_id = UUID(record.run_id)
        self.calls.read()
        self.events += len(entries)
        self.chunks += sum(entry.type == "model_chunk" for entry in entries)
        self.resumed += sum(isinstance(entry.event, RunResumed) for entry in entries if entry.type == "run_resumed")
        calls = self.calls.by_run.get(record.run_id, [])
        self.ends[record.run_id] = _ts(entries[-1]) if entries and entries[-1].final else 0
        if not {"pause", "unpause", "answer"} & set(record.wanted):
            self.standstill = max(self.standstill, _standstill(entries))
        most = {"validation": REPAIRS + record.wanted.count("answer")}
        try:
            check_history({run_id: entries}, calls, max_attempts=ATTEMPTS, calls_per_attempt=most)
        except AssertionError as error:
            for line in str(error).splitlines()[1:]:
                self._say(_group(line), line)

    def close(self, records: dict[str, Record]) -> None:
        """When nothing is left to come: calls that nobody should have made, and runs that never ended."""
        self.calls.read()
        for run_id, calls in self.calls.by_run.items():
            if run_id not in records:
                self._say("broken", f"{len(calls)} calls for run {run_id}, which nobody was told of")
            end = self.ends.get(run_id, 0)
            behind = [call for call in calls if (call.at_ms or 0) > end > 0]
            late = [call for call in behind if (call.at_ms or 0) > end + LEASE_MS]
            self.late += len(behind) - len(late)
            if late:
                self._say("paid_twice", f"{len(late)} calls for run {run_id} after its last word, of '{late[0].step}'")
        for record in records.values():
            if record.status not in LAST_WORDS:
                self._say("no_last_word", f"run {record.run_id} ({record.kind}) is still {record.status}")

    async def entries(self, run_id: str) -> list[Entry]:
        """The whole log of a run, from the store, which may be away just now."""
        if run_id not in self._kept:
            found: list[Entry] = []
            while page := await self._page(UUID(run_id), found[-1].seq if found else 0):
                found += page
            if not found or not found[-1].final:
                return found
            self._kept[run_id] = found
        self._kept.move_to_end(run_id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[run_id]

    async def _page(self, run_id: UUID, after: int) -> list[Entry]:
        async with asyncio.timeout(180):
            while True:
                try:
                    return await self.log.read(run_id, after)
                except StoreUnavailable:
                    await asyncio.sleep(0.25)

    def _say(self, group: str, what: str) -> None:
        setattr(self, group, getattr(self, group) + 1)
        self.wrong.append(what[:600])


def _group(line: str) -> str:
    for group, words in (("paid_twice", PAID), ("no_last_word", LAST_WORD), ("lost", ORDER)):
        if any(word in line for word in words):
            return group
    return "broken"


def _ts(entry: Entry) -> int:
    return entry.event.ts if entry.event else 0


def _standstill(entries: list[Entry]) -> float:
    """Seconds between two events of a run that follow each other, at most."""
    times = [_ts(entry) for entry in entries]
    return max((after - before for before, after in zip(times, times[1:], strict=False)), default=0) / 1000


def statuses(records: list[Record]) -> Counter[str]:
    return Counter(record.status for record in records)


def middle(values: list[float]) -> float:
    return median(values) if values else 0.0
