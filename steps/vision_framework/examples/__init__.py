"""Complete sample briefs of invented companies, for whoever wants to see a run before writing answers of their own."""

from pathlib import Path

from steps.vision_framework.answers import VisionBrief

# Read while importing, so that nobody waits for the disk later; a file that is no brief fails here.
EXAMPLES: dict[str, VisionBrief] = {
    file.stem: VisionBrief.model_validate_json(file.read_text("utf-8"))
    for file in sorted(Path(__file__).parent.glob("*.json"))
}
"""The briefs by name, in alphabetical order."""
