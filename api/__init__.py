"""How anyone finds out: a thin HTTP and SSE border around the log."""
