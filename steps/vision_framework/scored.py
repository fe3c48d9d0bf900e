"""A framework with its score cards: what people go on working on when the run is over."""

from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from steps.vision_framework.document import (
    SECTION_NAMES,
    Bets,
    Framework,
    Metrics,
    Principles,
    SectionName,
    Strategy,
    Tensions,
    Vision,
)
from steps.vision_framework.refine import Refined, Refinement, Wish
from steps.vision_framework.request import VisionRequest
from steps.vision_framework.scoring import ScoreCard


@with_config(ConfigDict(extra="forbid"))
class FrameworkPatch(TypedDict, total=False):
    """Sections as they should be from now on, each as a whole. Those that are not named stay as they are."""

    vision: Vision
    strategy: Strategy
    operating_principles: Principles
    near_term_bets: Bets
    metrics: Metrics
    tensions: Tensions


_PATCH: TypeAdapter[FrameworkPatch] = TypeAdapter(FrameworkPatch)


class ScoredFramework(BaseModel):
    """A framework, and the card of each section that is as it was when it was scored.

    A section that somebody writes anew loses its card: it would speak of a text that is no longer there.
    """

    model_config = ConfigDict(frozen=True)

    patch: ClassVar[Any] = FrameworkPatch
    wish: ClassVar[type[BaseModel]] = Wish

    framework: Framework
    scores: dict[SectionName, ScoreCard]

    @classmethod
    def read(cls, content: JsonValue) -> Self | None:
        """Out of the result of a run, which has more in it, or out of what `content` gave."""
        try:
            return cls.model_validate(content)
        except ValidationError:
            return None

    @property
    def content(self) -> dict[str, JsonValue]:
        return self.model_dump(mode="json")

    def edited(self, patch: JsonValue) -> Self:
        """With new sections, without their cards. Raises `ValidationError`, its places those in `patch`."""
        return self._with({**_PATCH.validate_python(patch)}, {})

    def changed_since(self, before: Self) -> list[SectionName]:
        return [
            name
            for name in SECTION_NAMES
            if self.framework.section(name) != before.framework.section(name)
            or self.scores.get(name) != before.scores.get(name)
        ]

    def refinement(self, wish: BaseModel, given: JsonValue) -> dict[str, JsonValue] | None:
        """The input of the run that fulfils `wish`. None where `given` holds no answers of this version's form."""
        wanted = Wish.model_validate(wish.model_dump())
        try:
            answers = VisionRequest.model_validate(given).answers
        except ValidationError:
            return None
        score = self.scores.get(wanted.section)
        asked = Refinement(**wanted.model_dump(), framework=self.framework, answers=answers, score=score)
        return asked.model_dump(mode="json")

    def refined(self, result: JsonValue) -> Self | None:
        """With the new section and its new card. None where the section is neither what the refinement began with nor
        what it ended with. Raises `ValidationError` for a result that is no refinement's."""
        done = Refined.model_validate(result)
        if self.framework.section(done.section) not in (done.before, done.after):
            return None
        return self._with({done.section: done.after}, {done.section: done.score_after})

    def _with(self, sections: dict[str, Any], cards: dict[SectionName, ScoreCard]) -> Self:
        now = {**self.framework.model_dump(), **sections, "updated_at": datetime.now(UTC)}
        framework = Framework.model_validate(now)
        new = {name for name in SECTION_NAMES if framework.section(name) != self.framework.section(name)}
        valid = {name: card for name, card in self.scores.items() if name not in new} | cards
        scores = {name: valid[name] for name in SECTION_NAMES if name in valid}
        return self.model_copy(update={"framework": framework, "scores": scores})
