"""What a run of the Vision Framework is started with: the founder's answers, and how the run is to go."""

from typing import Literal

from pydantic import ConfigDict, Field

from steps.vision_framework.answers import VisionBrief

OnInvalid = Literal["fail", "ask"]


class VisionRequest(VisionBrief):
    """The answers with an option of the run beside them. Steps are given the `answers` alone, so that a result is as
    good for a run with another option."""

    model_config = ConfigDict(title="Vision brief")

    on_invalid: OnInvalid = Field(
        default="fail",
        title="When the framework stays invalid",
        description="What to do when the framework still breaks its bounds after the model's repairs: end the run in "
        "error (fail), or ask whether to edit it by hand, have it repaired again, or give up (ask).",
        # What was started without the option stays what it was: the same input, under the same idempotency key.
        exclude_if=lambda value: value == "fail",
    )

    @property
    def answers(self) -> VisionBrief:
        """What the steps are given."""
        return VisionBrief.model_validate(self.model_dump(exclude={"on_invalid"}))
