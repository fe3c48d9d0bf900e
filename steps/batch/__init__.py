"""Many runs of one pipeline, as one run."""
