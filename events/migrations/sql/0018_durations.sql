-- How long a step is expected to take is learned from the tenant's own runs: what others do tells it nothing of them.
ALTER TABLE stepglass.step_history ADD COLUMN tenant text;
-- Nobody remembers whose the durations were. Where there is one tenant they are its own.
UPDATE stepglass.step_history SET tenant = (SELECT min(tenant) FROM stepglass.runs)
WHERE (SELECT min(tenant) = max(tenant) FROM stepglass.runs);
DELETE FROM stepglass.step_history WHERE tenant IS NULL;
ALTER TABLE stepglass.step_history ALTER COLUMN tenant SET NOT NULL;
CREATE INDEX step_history_of_tenant ON stepglass.step_history (tenant, pipeline, profile, step, finished_at DESC);
DROP INDEX stepglass.step_history_latest;

-- As before, for each tenant, whose steps are many more: the index has them in order, so that nothing is sorted.
CREATE OR REPLACE FUNCTION stepglass.trim_history(most integer) RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM stepglass.step_history WHERE ctid = ANY (ARRAY (
            SELECT ranked.row FROM (
                SELECT h.ctid AS row, row_number() OVER (
                    PARTITION BY h.tenant, h.pipeline, h.profile, h.step ORDER BY h.finished_at DESC
                ) AS place FROM stepglass.step_history h
            ) ranked WHERE ranked.place > 100 LIMIT most
        )) RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

-- As before, and a duration is remembered with its tenant.
CREATE OR REPLACE FUNCTION stepglass.append(
    runs uuid[], epochs integer[], tails bigint[], views text[], statuses text[], checkpoints boolean[],
    of_run integer[], types text[], bodies text[], done_run integer[], done_steps text[], done_ms bigint[],
    tokens_in bigint[] DEFAULT '{}', tokens_out bigint[] DEFAULT '{}', costs double precision[] DEFAULT '{}',
    priced boolean[] DEFAULT '{}', problems text[] DEFAULT '{}', failed_steps text[] DEFAULT '{}'
) RETURNS TABLE (outcome text, tail bigint) LANGUAGE plpgsql AS $$
DECLARE
    outcomes text[];
    ends bigint[];
    -- Most commits are a model's tokens and nothing else: they end no run and change no view.
    ending boolean := statuses && '{complete,error,cancelled}';
    changing boolean := cardinality(array_remove(views, NULL)) > 0;
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
        INSERT INTO stepglass.step_history (tenant, pipeline, profile, step, duration_ms)
        SELECT r.tenant, r.pipeline, r.profile, d.step, d.ms
        FROM unnest(done_run, done_steps, done_ms) AS d (r, step, ms) JOIN stepglass.runs r ON r.run_id = runs[d.r]
        WHERE outcomes[d.r] = 'stored';

        INSERT INTO stepglass.step_times AS t (run_id, step, tenant, pipeline, duration_ms)
        SELECT r.run_id, d.step, r.tenant, r.pipeline, max(d.ms)
        FROM unnest(done_run, done_steps, done_ms) AS d (r, step, ms) JOIN stepglass.runs r ON r.run_id = runs[d.r]
        WHERE outcomes[d.r] = 'stored' GROUP BY r.run_id, d.step
        ON CONFLICT (run_id, step) DO UPDATE SET duration_ms = greatest(t.duration_ms, excluded.duration_ms);
    END IF;

    IF ending THEN
        INSERT INTO stepglass.run_totals (run_id, tenant, pipeline, status, input_tokens, output_tokens, cost_usd,
            cost_complete, problem, failed_step)
        SELECT r.run_id, r.tenant, r.pipeline, w.status, coalesce(w.used, 0), coalesce(w.made, 0), w.cost,
            coalesce(w.known, false), w.problem, w.failed
        FROM unnest(runs, statuses, outcomes, tokens_in, tokens_out, costs, priced, problems, failed_steps)
            AS w (run_id, status, outcome, used, made, cost, known, problem, failed)
        JOIN stepglass.runs r ON r.run_id = w.run_id
        WHERE w.outcome = 'stored' AND stepglass.ended(w.status);

        -- Somebody may wait for the runs that are about another. Said several times in a transaction it is heard once.
        PERFORM pg_notify('stepglass_ended', r.about::text)
        FROM unnest(runs, statuses, outcomes) AS w (run_id, status, outcome)
        JOIN stepglass.runs r ON r.run_id = w.run_id
        WHERE w.outcome = 'stored' AND stepglass.ended(w.status) AND r.about IS NOT NULL;
    END IF;

    IF changing THEN
        UPDATE stepglass.runs r SET view = w.view, status = w.status, cost_usd = coalesce(w.cost, r.cost_usd),
            losses = CASE WHEN w.mark THEN 0 ELSE r.losses END
        FROM unnest(runs, views, statuses, checkpoints, outcomes, costs)
            AS w (run_id, view, status, mark, outcome, cost)
        WHERE r.run_id = w.run_id AND w.outcome = 'stored' AND w.view IS NOT NULL;

        -- Last of all: what this locks, everybody else waits for.
        PERFORM stepglass.note_changes(array(
            SELECT w.run_id FROM unnest(runs, views, outcomes) AS w (run_id, view, outcome)
            WHERE w.outcome = 'stored' AND w.view IS NOT NULL));
    END IF;

    RETURN QUERY SELECT * FROM unnest(outcomes, ends);
END $$;
