-- What an installation signs with, where no setting says it. Whoever reads this table reads all runs as well.
CREATE TABLE stepglass.keys (
    purpose text        PRIMARY KEY,
    key     bytea       NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
