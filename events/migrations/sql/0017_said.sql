-- A kept view is behind by the chunks that came since. Whether they are nothing else is asked whenever somebody looks at
-- a run that goes on, and of the chunks there may be tens of thousands.
CREATE INDEX events_said ON stepglass.events (run_id, seq) WHERE type <> 'model_chunk';
