"""The table: what was done to the stack, what it did, and what must be 0."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.kills_killer import SHARE, Death
from tests.faults.kills_load import Load, Record
from tests.faults.kills_stack import Site
from tests.faults.kills_verdict import Verdict, middle, statuses

MOST_UNDONE = 0.05


@dataclass
class Report:
    seed: int
    load: Load
    verdict: Verdict
    site: Site
    deaths: list[Death] = field(default_factory=list[Death])
    stubborn: list[str] = field(default_factory=list[str])
    told: int = 0
    seconds: float = 0.0

    @property
    def records(self) -> list[Record]:
        return list(self.load.records.values())

    @property
    def complete(self) -> float:
        """The share of `complete` among those of which nobody wanted anything else."""
        counted = [record for record in self.records if not record.excused]
        return sum(record.status == "complete" for record in counted) / len(counted) if counted else 0.0

    @property
    def zeros(self) -> dict[str, int]:
        """What must be 0."""
        verdict = self.verdict
        return {
            "events lost": verdict.lost,
            "events doubled": verdict.doubled,
            "events reordered": verdict.reordered,
            "events altered after they were seen": verdict.altered,
            "runs without a last word": verdict.no_last_word,
            "finished steps or calls paid twice": verdict.paid_twice,
            "other breaches of the contract": verdict.broken + len(self.load.wrong),
            "processes that did not heed SIGTERM": len(self.stubborn),
        }

    @property
    def good(self) -> bool:
        return not any(self.zeros.values()) and self.complete >= 1 - MOST_UNDONE

    @property
    def wrong(self) -> list[str]:
        return [*self.verdict.wrong, *self.load.wrong, *self.stubborn]

    @property
    def news(self) -> list[str]:
        """What has gone wrong since this was asked last."""
        news, self.told = self.wrong[self.told :], len(self.wrong)
        return news

    @property
    def brief(self) -> str:
        ended = sum(record.seconds > 0 for record in self.records)
        bad = sum(self.zeros.values())
        return f"{len(self.load.live)} live, {ended} ended, {self.verdict.reconnects} reconnects, {bad} wrong"

    @property
    def ends(self) -> dict[str, int]:
        """How runs ended; why, for those that nobody wanted to end so."""
        found = dict(statuses([record for record in self.records if not record.excused]))
        found["cancelled as asked"] = sum(record.excused for record in self.records)
        return found

    @property
    def reasons(self) -> dict[str, int]:
        odd = [record for record in self.records if record.status != "complete" and not record.excused]
        return dict(Counter(f"{record.status}: {record.problem or 'no problem told'}" for record in odd))

    @property
    def figures(self) -> dict[str, str]:
        verdict, runs = self.verdict, [record.seconds for record in self.records if record.seconds]
        back = {kind: [s for r in self.site.replicas if r.kind == kind for s in r.back] for kind in SHARE}
        return {
            "runs": f"{len(self.records)}, {middle(runs):.0f} s each, {max(runs, default=0):.0f} s at most",
            "complete": f"{100 * self.complete:.1f} %",
            "how they ended": ", ".join(f"{count} {status}" for status, count in self.ends.items() if count),
            "live at a kill": f"{middle([death.live for death in self.deaths]):.0f}",
            "events": f"{verdict.events:,}, {verdict.chunks:,} of them text",
            "taken over": f"{verdict.resumed} times",
            "model calls": f"{verdict.calls.made:,}, {verdict.calls.made - verdict.calls.heard} of them broken off",
            "calls on their way when a run ended elsewhere": str(verdict.late),
            "events seen by viewers": f"{verdict.seen:,} in {verdict.viewings:,} viewings",
            "viewers' reconnects": f"{verdict.reconnects:,}",
            "longest silence for a viewer": f"{verdict.silence:.1f} s",
            "longest standstill of a run": f"{verdict.standstill:.1f} s",
            **{
                f"{kind} ready again": f"{middle(s):.1f} s, {max(s, default=0):.1f} s at most"
                for kind, s in back.items()
            },
            "slowest end on SIGTERM": ", ".join(f"{kind} {s:.1f} s" for kind, s in self.slowest.items()),
            "ended though nobody killed them": str(len(self.alone)),
        }

    @property
    def slowest(self) -> dict[str, float]:
        """Seconds that a process took to end that was asked to, at most, by kind."""
        asked = [death for death in self.deaths if death.kill.how == "SIGTERM"]
        return {kind: max(d.seconds for d in asked if d.kill.kind == kind) for kind in {d.kill.kind for d in asked}}

    @property
    def alone(self) -> list[str]:
        return [words for replica in self.site.replicas for words in replica.alone]

    @property
    def faults(self) -> dict[str, dict[str, int]]:
        """Kills by process and kind."""
        found: dict[str, dict[str, int]] = {kind: {} for kind in SHARE}
        for death in self.deaths:
            row = found[death.kill.kind]
            row[death.kill.how] = row.get(death.kill.how, 0) + 1
            if death.on_uvloop:
                row["on uvloop"] = row.get("on uvloop", 0) + 1
        return found

    @property
    def table(self) -> str:
        lines = [f"{len(self.deaths)} kills in {self.seconds:.0f} s, seed {self.seed}", ""]
        for kind, row in self.faults.items():
            total = sum(count for how, count in row.items() if how != "on uvloop")
            rows = ", ".join(f"{count} {how}" for how, count in sorted(row.items()))
            lines.append(f"  {kind:<36} {total:>5}   {rows}")
        lines += ["", *(f"  {name:<36} {value}" for name, value in self.figures.items())]
        lines += ["", *(f"  {name:<36} {value:>5}" for name, value in self.zeros.items()), ""]
        lines += [f"  why: {count} × {reason}" for reason, count in self.reasons.items()]
        lines += [f"  ! {words}" for words in self.wrong[:20]]
        lines += [f"  by itself: {words[:300]}" for words in self.alone[:12]]
        return "\n".join(lines) + "\n"

    @property
    def plain(self) -> dict[str, Any]:
        """All of it, for `--json`."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "kills": len(self.deaths),
            "faults": self.faults,
            "figures": self.figures,
            "complete": self.complete,
            "must_be_0": self.zeros,
            "reasons": self.reasons,
            "wrong": self.wrong,
            "alone": self.alone,
            "refused": {str(status): count for status, count in self.load.api.refused.items()},
        }
