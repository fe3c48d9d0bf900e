"""One section of a framework written anew, and scored."""

from flows._pipeline import Shown, pipeline
from steps.vision_framework.refine import Refined, Refinement, outcome, refine as refining, rescoring


def shown(result: Refined) -> Shown:
    """The score before and after."""
    before, after = result.score_before.overall, result.score_after.overall
    return Shown(headline=f"{result.section.replace('_', ' ')}: score {before:g} before, {after:g} after")


def title(request: Refinement) -> str:
    return f"{request.answers.company_name}: {request.section.replace('_', ' ')}"


@pipeline("Refine a section", plan={refining: (), rescoring: (refining,)}, shown=shown, title=title)
async def refine(request: Refinement) -> Refined:
    """One section of a framework, written anew the way somebody asked for, with its score before and after."""
    refined = await refining(request)
    return outcome(refined, await rescoring(request, refined))
