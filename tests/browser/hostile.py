"""A model that wants to do something with its reader's browser: the same attacks in everything that it may write."""

from typing import Any

from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.one_pager import HEADINGS, count_words
from steps.vision_framework.scoring import MEASURED
from tests import vision
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Reply, said, said_json

ELSEWHERE = "http://elsewhere.example"

HTML = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1>",
    f'<img src="{ELSEWHERE}/a.png">',
    "<svg onload=window.pwned=1><animate onbegin=window.pwned=1 attributeName=x dur=1s>",
    '<svg><a xlink:href="javascript:window.pwned=1"><text y=20>press</text></a></svg>',
    '<iframe srcdoc="<script>parent.pwned=1</script>">',
    "<iframe src=javascript:parent.pwned=1>",
    f'<object data="{ELSEWHERE}/o"></object><embed src="{ELSEWHERE}/e">',
    f'<link rel=stylesheet href="{ELSEWHERE}/s.css"><style>@import "{ELSEWHERE}/t.css";</style>',
    f'<meta http-equiv=refresh content="0;url={ELSEWHERE}"><base href="{ELSEWHERE}/">',
    f'<form action="{ELSEWHERE}"><input autofocus onfocus=window.pwned=1><button>press</button></form>',
    "<details open ontoggle=window.pwned=1><summary>press</summary></details>",
    "<math><mtext></table><mglyph><style><!--</style><img src=x onerror=window.pwned=1>",
    "<p style=position:fixed;inset:0;background:red onclick=window.pwned=1>press",
    '"><script>window.pwned=1</script>',
    "</textarea></title></style></script><script>window.pwned=1</script>",
    '<template><script>window.pwned=1</script></template><noscript><p title="</noscript><img src=x onerror=pwned=1>">',
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "<dialog open>press</dialog>",
)
MARKDOWN = (
    "[press](javascript:window.pwned=1)",
    "[press](JaVaScRiPt&colon;window.pwned=1)",
    "[press](java\tscript:window.pwned=1)",
    "[press](&#106;avascript:window.pwned=1)",
    "[press](data:text/html,<script>window.pwned=1</script>)",
    "[press](vbscript:pwned)",
    "[press](//elsewhere.example/relative)",
    f"![a picture]({ELSEWHERE}/p.png)",
    "![a picture](data:image/svg+xml,<svg onload=window.pwned=1>)",
    '![a picture](x"onerror="window.pwned=1)',
    f'[press]({ELSEWHERE} "onmouseover=window.pwned=1")',
    "<javascript:window.pwned=1>",
    "[ref]: javascript:window.pwned=1",
    "[ref]",
    "`<img src=x onerror=window.pwned=1>`",
)
ATTACKS = HTML + MARKDOWN
SHORT = [each for each in ATTACKS if len(each) <= 100]


def _some(count: int, start: int, longest: int = 200) -> list[str]:
    """As many of them as asked for, each time others."""
    fitting = [each for each in ATTACKS if 10 <= len(each) <= longest]
    return [fitting[(start + place) % len(fitting)] for place in range(count)]


FRAMEWORK: dict[str, Any] = {
    "vision": f"{HTML[1]} We will win. {HTML[0]} {MARKDOWN[0]} Nobody else does.",
    "strategy": _some(5, 0, 300),
    "operating_principles": _some(7, 5),
    "near_term_bets": [
        {"bet": bet, "owner": SHORT[place], "horizon": "Q2", "measure": measure}
        for place, (bet, measure) in enumerate(zip(_some(8, 12), _some(8, 20), strict=True))
    ],
    "metrics": [
        {"name": name, "target": target, "cadence": "monthly"}
        for name, target in zip(_some(12, 0, 100), _some(12, 12, 100), strict=True)
    ],
    "tensions": _some(10, 24),
}
QA: dict[str, Any] = {
    "consistency": {"passed": False, "issues": [*HTML]},
    "measurability": {"passed": True, "issues": [*MARKDOWN]},
    "actionability": {"passed": False, "issues": []},
    "tensions": {"passed": True, "score": 7, "feedback": HTML[0]},
    "completeness": {"passed": True, "gaps": [*HTML]},
    "overall_score": 8,
    "recommendations": [*ATTACKS],
}
MARKS: dict[str, Any] = vision.MARKS | {"issues": [*HTML], "suggestions": [*MARKDOWN], "strengths": [HTML[1]]}


def text() -> str:
    """All of them, one a paragraph, in a list, and in a table."""
    paragraphs = "\n\n".join(ATTACKS)
    points = "\n".join(f"- {each}" for each in ATTACKS)
    rows = "\n".join(f"| {each} |" for each in HTML)
    return f"# {HTML[1]}\n\n{paragraphs}\n\n{points}\n\n| {HTML[0]} |\n| --- |\n{rows}\n"


def one_pager() -> str:
    """As many as a page has room for, under the headings that it must have."""
    parts = [[f"## {heading}"] for heading in HEADINGS]
    for place, attack in enumerate(ATTACKS):
        if count_words(f"{_joined(parts)}\n{attack}") < 380:
            parts[place % len(parts)].append(attack)
    while count_words(_joined(parts)) < 320:
        parts[-1].append("press")
    return _joined(parts)


def _joined(parts: list[list[str]]) -> str:
    return "\n\n".join(paragraph for part in parts for paragraph in part)


def _in_pieces(text: str, size: int = 3) -> Reply:
    """So that every tag and every link is half open for a while."""
    return said(*(text[at : at + size] for at in range(0, len(text), size)))


def script(model: ScriptedModelServer) -> None:
    model.answers("brief", _in_pieces(text()))
    model.answers("framework", said_json(FRAMEWORK, size=3))
    model.answers("one_pager", _in_pieces(one_pager()))
    model.answers("qa", said_json(QA))
    for name in SECTION_NAMES:
        model.answers("scoring", said_json(MARKS | ({"measurability": 8} if name in MEASURED else {})), lane=name)
