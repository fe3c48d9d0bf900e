CREATE TABLE stepglass.runs (
    run_id              uuid        PRIMARY KEY,
    tenant              text        NOT NULL,
    pipeline            text        NOT NULL,
    input               text        NOT NULL,
    idem_key            text,
    body_hash           bytea       NOT NULL,
    profile             text        NOT NULL DEFAULT '',
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    deadline_at         timestamptz NOT NULL,
    -- Who holds it. A holder without a lease in the future is lost; no holder means queued or released.
    epoch               integer     NOT NULL DEFAULT 0,
    holder              text,
    lease_until         timestamptz,
    losses              integer     NOT NULL DEFAULT 0,
    claimed             boolean     NOT NULL DEFAULT false,
    -- Where its log ends. `status` and `cancel_requested` follow from the log and stand here to be searched.
    tail_seq            bigint      NOT NULL DEFAULT 0,
    status              text        NOT NULL DEFAULT 'queued',
    cancel_requested    boolean     NOT NULL DEFAULT false,
    -- The fold of the log, as JSON; behind by `model_chunk`s at most.
    view                text        NOT NULL,
    prefect             text,
    prefect_flow_run_id uuid,
    prefect_told_at     timestamptz,
    UNIQUE (tenant, idem_key)
) WITH (fillfactor = 70); -- Room for the next version of a row on its own page: a live run is written all the time.

CREATE FUNCTION stepglass.ended(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT status IN ('complete', 'error', 'cancelled') $$;

CREATE INDEX runs_live ON stepglass.runs (run_id) WHERE status NOT IN ('complete', 'error', 'cancelled');
CREATE INDEX runs_by_tenant ON stepglass.runs (tenant, run_id DESC);
CREATE INDEX runs_by_status ON stepglass.runs (tenant, status, run_id DESC);
CREATE INDEX runs_by_pipeline ON stepglass.runs (tenant, pipeline, run_id DESC);
CREATE INDEX runs_owed_to_prefect ON stepglass.runs (run_id) WHERE prefect = 'degraded' AND prefect_told_at IS NULL;

CREATE TABLE stepglass.events (
    run_id uuid    NOT NULL,
    seq    bigint  NOT NULL,
    epoch  integer,          -- NULL: written by somebody who does not hold the run.
    type   text    NOT NULL,
    body   text    NOT NULL, -- Text, not jsonb: forwarded byte for byte, and jsonb refuses \u0000.
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE stepglass.step_history (
    pipeline    text        NOT NULL,
    profile     text        NOT NULL,
    step        text        NOT NULL,
    duration_ms bigint      NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX step_history_latest ON stepglass.step_history (pipeline, profile, step, finished_at DESC);
