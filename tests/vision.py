"""A Vision Framework that a scripted model gets right: what each of its calls answers."""

from typing import Any

from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.examples import EXAMPLES
from steps.vision_framework.one_pager import HEADINGS
from steps.vision_framework.scoring import MEASURED
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Reply, said, said_json

BRIEF: dict[str, Any] = next(iter(EXAMPLES.values())).model_dump(mode="json")

FRAMEWORK: dict[str, Any] = {
    "vision": "Every village has power of its own. Nobody waits for a grid that never comes.",
    "strategy": ["Sell through the cooperatives that people trust.", "Own the meter and lease the panels."],
    "operating_principles": ["Safety before speed, always.", "Say the price before the work.", "Repair, then replace."],
    "near_term_bets": [
        {"bet": "Ten sites in one valley", "owner": "Operations", "horizon": "Q2", "measure": "Ten sites live"},
        {"bet": "A meter that reads itself", "owner": "Hardware", "horizon": "H2", "measure": "500 meters shipped"},
    ],
    "metrics": [
        {"name": "Sites live", "target": "10 by June", "cadence": "monthly"},
        {"name": "Uptime", "target": "99.5 %", "cadence": "weekly"},
        {"name": "Churn", "target": "under 2 %", "cadence": "quarterly"},
    ],
    "tensions": ["Fast growth against repair before replacement."],
}
ONE_PAGER = "\n\n".join(f"## {heading}\n\n" + " ".join(["word"] * 55) for heading in HEADINGS)
QA: dict[str, Any] = {
    "consistency": {"passed": True, "issues": []},
    "measurability": {"passed": True, "issues": []},
    "actionability": {"passed": False, "issues": ["One bet has no date."]},
    "tensions": {"passed": True, "score": 7, "feedback": "Named, and real."},
    "completeness": {"passed": True, "gaps": []},
    "overall_score": 8,
    "recommendations": ["Date the second bet."],
}
MARKS: dict[str, Any] = {
    "specificity": 8,
    "actionability": 7,
    "alignment": 9,
    "issues": [],
    "suggestions": ["Name the owner."],
    "strengths": ["It is short."],
}


def framework() -> Reply:
    return said_json(FRAMEWORK)


def one_pager() -> Reply:
    return said(*ONE_PAGER.splitlines(keepends=True))


def script(server: ScriptedModelServer) -> None:
    """Every call of the pipeline gets a good answer; a test changes what it wants to go wrong."""
    server.answers("brief", said("# The company\n\n", "It brings power."))
    server.answers("framework", framework())
    server.answers("one_pager", one_pager())
    server.answers("qa", said_json(QA))
    for name in SECTION_NAMES:
        marks = MARKS | ({"measurability": 8} if name in MEASURED else {})
        server.answers("scoring", said_json(marks), lane=name)
