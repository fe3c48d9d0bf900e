"""What a run of the Vision Framework ends with."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from steps.vision_framework.brief import Brief
from steps.vision_framework.document import Framework, SectionName
from steps.vision_framework.one_pager import OnePager
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.scoring import ScoreCard


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Cost(_Result):
    """What all calls of the run took, failed ones too. `total_usd` is None where a price is unknown, never 0 for it."""

    total_usd: float | None
    input_tokens: int
    output_tokens: int


class Metadata(_Result):
    """Which models wrote it, when, how long it took in ms, and what it cost."""

    models_used: list[str]
    generated_at: AwareDatetime
    duration_ms: int
    cost: Cost


class VisionResult(_Result):
    """All six steps' results, and where they come from."""

    brief: Brief
    framework: Framework
    one_pager: OnePager
    qa: QualityReport
    scores: dict[SectionName, ScoreCard]
    metadata: Metadata
