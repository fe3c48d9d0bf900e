-- A run that nobody holds and nobody may claim: it is paused, or waits for a person.

-- Since when nobody has it: for so long its deadline stands still.
ALTER TABLE stepglass.runs ADD COLUMN parked_at timestamptz;
-- From when on it may be claimed; NULL: at any time. Set while the run is held, somebody said something since the claim.
ALTER TABLE stepglass.runs ADD COLUMN wake_at timestamptz;
