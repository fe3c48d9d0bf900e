"""What one step does: one folder per pipeline, one file per step, prompts beside them."""
