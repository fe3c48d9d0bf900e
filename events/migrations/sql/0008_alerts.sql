-- What should not be as it is, and whether anybody was told.

CREATE TABLE stepglass.alerts (
    alert_id    uuid             PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant      text             NOT NULL,
    kind        text             NOT NULL,
    pipeline    text             NOT NULL, -- Empty, as is the step, where it is about streams.
    step        text             NOT NULL,
    value       double precision NOT NULL,
    above       double precision NOT NULL,
    raised_at   timestamptz      NOT NULL DEFAULT clock_timestamp(),
    cleared_at  timestamptz,               -- NULL: it stands.
    sent_at     timestamptz,
    tries       integer          NOT NULL DEFAULT 0,
    next_try_at timestamptz      NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX alerts_standing ON stepglass.alerts (tenant, kind, pipeline, step) WHERE cleared_at IS NULL;
CREATE INDEX alerts_unsent ON stepglass.alerts (next_try_at) WHERE sent_at IS NULL;

-- What became of streams, which no log tells: each process that serves them adds to it. Kept for a day.
CREATE TABLE stepglass.stream_counts (
    tenant text        NOT NULL,
    minute timestamptz NOT NULL,
    opened integer     NOT NULL,
    failed integer     NOT NULL,
    PRIMARY KEY (tenant, minute)
);
