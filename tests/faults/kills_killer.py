"""Who kills: which process, how and when, all out of one seed."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import psutil

from tests.faults.kills_stack import Kind, Replica, Site

SHARE: dict[Kind, float] = {"worker": 0.35, "API": 0.25, "PostgreSQL": 0.2, "Prefect server": 0.2}
RASH = 0.25
"""The share of kills that do not wait until the victim's siblings are up again: then all of a kind may be down at once,
for as long as they take to start, which is seconds on a calm machine and much longer on a busy one."""
HOW: dict[Kind, dict[str, float]] = {
    "worker": {"SIGKILL": 0.75, "SIGTERM": 0.25},
    "API": {"SIGKILL": 0.75, "SIGTERM": 0.25},
    "PostgreSQL": {
        "SIGKILL": 0.4,  # of the postmaster: everything of the server is gone
        "SIGKILL backend": 0.25,  # of one of its processes: it throws all others out, and recovers
        "SIGKILL keeper": 0.15,  # of our process beside it: the server lives on, and is taken over
        "SIGTERM": 0.2,
    },
    "Prefect server": {"SIGKILL": 0.75, "SIGTERM": 0.25},
}
AHEAD = 6
"""How many of the plan are looked at for one whose victim is up."""
GRACE = 60.0
"""Seconds after which a process that was asked to end is taken for one that hangs: it is killed, and that counts as a
failure. What the slowest one took is told; on a calm machine it should be within 10 s."""


@dataclass(frozen=True, slots=True)
class Kill:
    """`lot` decides which of several replicas or processes it hits, and `rash` whether it waits for the others."""

    kind: Kind
    how: str
    gap: float
    lot: float
    rash: bool


@dataclass(frozen=True, slots=True)
class Death:
    """What was done. `seconds` is what the process took to end that was asked to."""

    kill: Kill
    name: str
    on_uvloop: bool
    live: int
    seconds: float = 0.0


def planned(kills: int, gap: float, rng: Random) -> list[Kill]:
    """`kills` of them, every kind by its share, in an order and `gap` seconds apart as chance wants it."""
    kinds: list[Kind] = [kind for kind, share in SHARE.items() for _ in range(round(share * kills))]
    kinds.extend("worker" for _ in range(kills - len(kinds)))
    rng.shuffle(kinds)
    return [
        Kill(
            kind,
            rng.choices(list(HOW[kind]), list(HOW[kind].values()))[0],
            _gap(rng, gap),
            rng.random(),
            rng.random() < RASH,
        )
        for kind in kinds[:kills]
    ]


def _gap(rng: Random, mean: float) -> float:
    return min(5 * mean, rng.expovariate(1 / mean))


@dataclass
class Killer:
    """`live` says how many runs go on; `did` is told of each death."""

    site: Site
    plan: list[Kill]
    live: Callable[[], int]
    did: Callable[[Death], object]
    deaths: list[Death] = field(default_factory=list[Death])
    stubborn: list[str] = field(default_factory=list[str])

    async def go(self) -> None:
        """All of the plan. Whose victim is not up yet waits until it is, and lets the next ones pass."""
        waiting = list(self.plan)
        while waiting:
            await asyncio.sleep(waiting[0].gap)
            for kill in waiting[:AHEAD]:
                victim = await self._victim(kill)
                if victim is not None and await self._do(kill, victim):
                    waiting.remove(kill)
                    break

    async def _victim(self, kill: Kill) -> Replica | None:
        """None while it is not up."""
        replicas = [replica for replica in self.site.replicas if replica.kind == kill.kind]
        victim = replicas[int(kill.lot * len(replicas))]
        needed = [victim] if kill.rash else replicas
        return victim if all([await replica.up() for replica in needed]) else None

    async def _do(self, kill: Kill, victim: Replica) -> bool:
        """False when there was nothing to hit any more."""
        target = self._target(kill, victim)
        if target is None or victim.part is None:
            return False
        live, process = self.live(), victim.part.process
        # Our process ends with the server that it keeps, and rightly so; of a backend's end it hears nothing.
        victim.asked = kill.how != "SIGKILL backend"
        began = time.monotonic()
        try:
            os.kill(target, signal.SIGTERM if kill.how == "SIGTERM" else signal.SIGKILL)
        except ProcessLookupError:
            return False
        if kill.how == "SIGTERM":
            try:
                async with asyncio.timeout(GRACE):
                    await process.wait()
            except TimeoutError:
                self.stubborn.append(f"{victim.name} did not end within {GRACE:g} s of SIGTERM")
                process.kill()
        death = Death(kill, victim.name, victim.on_uvloop, live, time.monotonic() - began)
        self.deaths.append(death)
        self.did(death)
        return True

    def _target(self, kill: Kill, victim: Replica) -> int | None:
        assert victim.part is not None
        own = victim.part.process.pid
        server = self.site.postmaster()
        match kill.how, kill.kind:
            case "SIGKILL", "PostgreSQL":
                return server
            case "SIGKILL backend", _:
                return server and self._backend(server, kill.lot)
            case _:
                return own

    def _backend(self, server: int, lot: float) -> int | None:
        try:
            backends = psutil.Process(server).children()
        except psutil.NoSuchProcess:
            return None
        return backends[int(lot * len(backends))].pid if backends else None
