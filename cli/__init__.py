"""The `stepglass` command."""
