"""What happened, in order, for anyone who asks; and who holds a run."""
