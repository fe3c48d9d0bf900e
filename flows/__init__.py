"""In which order: opening and closing a run, the worker, Prefect."""
