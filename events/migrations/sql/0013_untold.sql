-- Runs that are shown live in Prefect, and whose end has not been told there yet.
CREATE INDEX runs_shown_in_prefect ON stepglass.runs (run_id) WHERE prefect = 'live' AND prefect_told_at IS NULL;
