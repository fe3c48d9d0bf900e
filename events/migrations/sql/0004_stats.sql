-- What figures are made of: narrow rows beside the wide ones, written in the commit that they tell of. Nothing is read
-- out of views or events, which are text, since no type of PostgreSQL for JSON can hold all that they may.

-- One row for each run that has ended.
CREATE TABLE stepglass.run_totals (
    run_id        uuid             PRIMARY KEY REFERENCES stepglass.runs ON DELETE CASCADE,
    tenant        text             NOT NULL,
    pipeline      text             NOT NULL,
    status        text             NOT NULL,
    ended_at      timestamptz      NOT NULL DEFAULT clock_timestamp(),
    input_tokens  bigint           NOT NULL,
    output_tokens bigint           NOT NULL,
    cost_usd      double precision,          -- NULL: the price of no call is known.
    cost_complete boolean          NOT NULL, -- False: that of some call is not.
    problem       text,                      -- The title of what a run in `error` ended with.
    failed_step   text
);
CREATE INDEX run_totals_latest ON stepglass.run_totals (tenant, ended_at);

-- One row for each step that a run has completed itself; `step_history` is of all tenants, and keeps what runs leave.
CREATE TABLE stepglass.step_times (
    run_id      uuid        NOT NULL REFERENCES stepglass.runs ON DELETE CASCADE,
    step        text        NOT NULL,
    tenant      text        NOT NULL,
    pipeline    text        NOT NULL,
    duration_ms bigint      NOT NULL, -- The longest, where it ran in several lanes or rounds.
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step)
);
-- All that is asked of it is in the index: it is never read itself where it was vacuumed.
CREATE INDEX step_times_of_step ON stepglass.step_times (tenant, pipeline, step, finished_at) INCLUDE (duration_ms);

-- Who left a run while it was going on, and has not come back.
CREATE TABLE stepglass.abandonments (
    run_id  uuid        NOT NULL REFERENCES stepglass.runs ON DELETE CASCADE,
    viewer  text        NOT NULL,
    tenant  text        NOT NULL,
    left_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, viewer)
);
CREATE INDEX abandonments_latest ON stepglass.abandonments (tenant, left_at);

-- For counting the runs of a tenant since a moment, by status and pipeline, without looking at the runs themselves.
-- Both change together with what other indexes hold: it costs a run nothing but its own entry.
CREATE INDEX runs_counted ON stepglass.runs (tenant, run_id DESC) INCLUDE (status, pipeline);
DROP INDEX stepglass.runs_by_tenant;
CREATE INDEX runs_owed_of_tenant ON stepglass.runs (tenant, status)
    WHERE prefect = 'degraded' AND prefect_told_at IS NULL;

-- As before, and the totals of runs that end with it, one element per run in each: tokens, cost, whether it is all of
-- it, the title of the problem and the step that failed. The defaults are for writers of an earlier version.
DROP FUNCTION stepglass.append;
CREATE FUNCTION stepglass.append(
    runs uuid[], epochs integer[], tails bigint[], views text[], statuses text[], checkpoints boolean[],
    of_run integer[], types text[], bodies text[], done_run integer[], done_steps text[], done_ms bigint[],
    tokens_in bigint[] DEFAULT '{}', tokens_out bigint[] DEFAULT '{}', costs double precision[] DEFAULT '{}',
    priced boolean[] DEFAULT '{}', problems text[] DEFAULT '{}', failed_steps text[] DEFAULT '{}'
) RETURNS TABLE (outcome text, tail bigint) LANGUAGE plpgsql AS $$
DECLARE
    outcomes text[];
    ends bigint[];
BEGIN
    PERFORM 1 FROM stepglass.runs r WHERE r.run_id = ANY (runs) ORDER BY r.run_id FOR UPDATE;

    SELECT array_agg(CASE
            WHEN r.run_id IS NULL THEN 'unknown'
            -- First of all: the events of a writer whose answer was lost may be what moved the tail, or ended the run.
            WHEN r.tail_seq <> w.tail THEN 'moved'
            WHEN stepglass.ended(r.status) THEN 'ended'
            WHEN w.epoch <> r.epoch OR (w.epoch IS NOT NULL AND r.holder IS NULL) THEN 'fenced'
            WHEN w.epoch IS NULL AND w.status = 'cancelled' AND r.holder IS NOT NULL
                AND r.lease_until > clock_timestamp() THEN 'held'
            ELSE 'stored' END ORDER BY w.i), array_agg(r.tail_seq ORDER BY w.i)
    INTO outcomes, ends
    FROM unnest(runs, epochs, tails, statuses) WITH ORDINALITY AS w (run_id, epoch, tail, status, i)
    LEFT JOIN stepglass.runs r USING (run_id);

    INSERT INTO stepglass.events (run_id, seq, epoch, type, body)
    SELECT runs[e.r], tails[e.r] + row_number() OVER (PARTITION BY e.r ORDER BY e.i), epochs[e.r], e.type, e.body
    FROM unnest(of_run, types, bodies) WITH ORDINALITY AS e (r, type, body, i)
    WHERE outcomes[e.r] = 'stored';

    IF cardinality(done_run) > 0 THEN
        INSERT INTO stepglass.step_history (pipeline, profile, step, duration_ms)
        SELECT r.pipeline, r.profile, d.step, d.ms
        FROM unnest(done_run, done_steps, done_ms) AS d (r, step, ms) JOIN stepglass.runs r ON r.run_id = runs[d.r]
        WHERE outcomes[d.r] = 'stored';

        INSERT INTO stepglass.step_times AS t (run_id, step, tenant, pipeline, duration_ms)
        SELECT r.run_id, d.step, r.tenant, r.pipeline, max(d.ms)
        FROM unnest(done_run, done_steps, done_ms) AS d (r, step, ms) JOIN stepglass.runs r ON r.run_id = runs[d.r]
        WHERE outcomes[d.r] = 'stored' GROUP BY r.run_id, d.step
        ON CONFLICT (run_id, step) DO UPDATE SET duration_ms = greatest(t.duration_ms, excluded.duration_ms);
    END IF;

    INSERT INTO stepglass.run_totals (run_id, tenant, pipeline, status, input_tokens, output_tokens, cost_usd,
        cost_complete, problem, failed_step)
    SELECT r.run_id, r.tenant, r.pipeline, w.status, coalesce(w.used, 0), coalesce(w.made, 0), w.cost,
        coalesce(w.known, false), w.problem, w.failed
    FROM unnest(runs, statuses, outcomes, tokens_in, tokens_out, costs, priced, problems, failed_steps)
        AS w (run_id, status, outcome, used, made, cost, known, problem, failed)
    JOIN stepglass.runs r ON r.run_id = w.run_id
    WHERE w.outcome = 'stored' AND stepglass.ended(w.status);

    UPDATE stepglass.runs r SET view = w.view, status = w.status, losses = CASE WHEN w.mark THEN 0 ELSE r.losses END
    FROM unnest(runs, views, statuses, checkpoints, outcomes) AS w (run_id, view, status, mark, outcome)
    WHERE r.run_id = w.run_id AND w.outcome = 'stored' AND w.view IS NOT NULL;

    -- Last of all: what this locks, everybody else waits for.
    PERFORM stepglass.note_changes(array(
        SELECT w.run_id FROM unnest(runs, views, outcomes) AS w (run_id, view, outcome)
        WHERE w.outcome = 'stored' AND w.view IS NOT NULL));

    RETURN QUERY SELECT * FROM unnest(outcomes, ends);
END $$;
