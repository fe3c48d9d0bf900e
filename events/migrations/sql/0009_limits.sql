-- What a tenant has used is counted out of its runs, where another one is accepted and in the same transaction.

-- What a run has cost so far, as far as it is known. Not indexed: it changes with each call of a model.
ALTER TABLE stepglass.runs ADD COLUMN cost_usd double precision;
CREATE INDEX runs_started ON stepglass.runs (tenant, created_at);

-- See `events.limits.Standing`. The money is summed only where it counts.
CREATE FUNCTION stepglass.standing(whose text, most_a_minute integer, with_money boolean) RETURNS TABLE (
    minute integer, minute_left double precision, live integer, spent double precision, day_left double precision
) LANGUAGE sql VOLATILE AS $$
    WITH clock AS MATERIALIZED (
        SELECT clock_timestamp() AS now, date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AS today
    ), latest AS (
        SELECT count(*)::integer AS n,
            -- The one that must be older than a minute before another may be accepted; else the first to become so.
            coalesce((array_agg(r.created_at ORDER BY r.created_at DESC))[most_a_minute], min(r.created_at)) AS last
        FROM stepglass.runs r WHERE r.tenant = whose AND r.created_at > (SELECT now FROM clock) - interval '1 minute'
    ), alive AS (
        SELECT count(*)::integer AS n, coalesce(sum(r.cost_usd), 0) AS cost FROM stepglass.runs r
        WHERE r.tenant = whose AND r.status IN ('queued', 'running', 'waiting', 'paused')
    ), done AS (
        SELECT coalesce(sum(t.cost_usd), 0) AS cost FROM stepglass.run_totals t
        WHERE with_money AND t.tenant = whose AND t.ended_at >= (SELECT today FROM clock) AT TIME ZONE 'UTC'
    )
    SELECT latest.n, coalesce(60 - extract(epoch FROM clock.now - latest.last), 0)::double precision,
        alive.n, alive.cost + done.cost,
        extract(epoch FROM clock.today + interval '1 day' - clock.now AT TIME ZONE 'UTC')::double precision
    FROM clock, latest, alive, done
$$;

-- As before, and what a run has cost is kept with it.
CREATE OR REPLACE FUNCTION stepglass.append(
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

    UPDATE stepglass.runs r SET view = w.view, status = w.status, losses = CASE WHEN w.mark THEN 0 ELSE r.losses END,
        cost_usd = coalesce(w.cost, r.cost_usd)
    FROM unnest(runs, views, statuses, checkpoints, outcomes, costs)
        AS w (run_id, view, status, mark, outcome, cost)
    WHERE r.run_id = w.run_id AND w.outcome = 'stored' AND w.view IS NOT NULL;

    -- Last of all: what this locks, everybody else waits for.
    PERFORM stepglass.note_changes(array(
        SELECT w.run_id FROM unnest(runs, views, outcomes) AS w (run_id, view, outcome)
        WHERE w.outcome = 'stored' AND w.view IS NOT NULL));

    RETURN QUERY SELECT * FROM unnest(outcomes, ends);
END $$;

-- As before, and within the limits of the tenant, where they are given. A run that is over them has no id.
DROP FUNCTION stepglass.accept;
CREATE FUNCTION stepglass.accept(
    new_id uuid, new_tenant text, new_pipeline text, new_input text, new_key text, new_hash bytea,
    deadline double precision, new_holder text, lease double precision, new_view text, types text[], bodies text[],
    new_about uuid DEFAULT NULL, new_forked_from uuid DEFAULT NULL,
    limited boolean DEFAULT false, most_a_minute integer DEFAULT NULL, most_live integer DEFAULT NULL,
    most_a_day double precision DEFAULT NULL
) RETURNS TABLE (
    run_id uuid, created boolean, same_body boolean,
    minute integer, minute_left double precision, live integer, spent double precision, day_left double precision
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    used record;
BEGIN
    SELECT NULL::integer AS minute, NULL::double precision AS minute_left, NULL::integer AS live,
        NULL::double precision AS spent, NULL::double precision AS day_left INTO used;
    IF limited THEN
        -- One at a time of each tenant, to the commit: what is counted is all that was accepted. Any number, for this
        -- alone; it comes before all other locks of a transaction that takes it.
        PERFORM pg_advisory_xact_lock(788370019, hashtext(new_tenant));
        -- A statement of its own: it sees what was committed while we waited.
        SELECT * INTO used FROM stepglass.standing(new_tenant, most_a_minute, most_a_day IS NOT NULL);
        IF (used.minute >= most_a_minute OR used.live >= most_live OR used.spent >= most_a_day) IS TRUE
            -- What was accepted once is not refused when it is asked for again.
            AND NOT EXISTS (SELECT 1 FROM stepglass.runs r
                WHERE r.run_id = new_id OR (r.tenant = new_tenant AND r.idem_key = new_key))
        THEN
            RETURN QUERY SELECT NULL::uuid, false, false, used.minute, used.minute_left, used.live, used.spent,
                used.day_left;
            RETURN;
        END IF;
    END IF;
    INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, idem_key, body_hash, deadline_at, view,
        epoch, holder, lease_until, about, forked_from)
    VALUES (new_id, new_tenant, new_pipeline, new_input, new_key, new_hash,
        clock_timestamp() + make_interval(secs => deadline), new_view, CASE WHEN new_holder IS NULL THEN 0 ELSE 1 END,
        new_holder, CASE WHEN new_holder IS NOT NULL THEN clock_timestamp() + make_interval(secs => lease) END,
        new_about, new_forked_from)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- The id is there already when an answer was lost and the caller asks again: created all the same.
        RETURN QUERY SELECT r.run_id, r.run_id = new_id, r.body_hash = new_hash,
            used.minute, used.minute_left, used.live, used.spent, used.day_left FROM stepglass.runs r
            WHERE r.run_id = new_id OR (r.tenant = new_tenant AND r.idem_key = new_key);
        RETURN;
    END IF;
    INSERT INTO stepglass.events (run_id, seq, type, body)
    SELECT new_id, e.i, e.type, e.body FROM unnest(types, bodies) WITH ORDINALITY AS e (type, body, i);
    IF new_holder IS NULL THEN
        PERFORM pg_notify('stepglass_queued', '');
    END IF;
    PERFORM stepglass.begin_change(new_tenant);
    INSERT INTO stepglass.changes (run_id, tenant, number)
    VALUES (new_id, new_tenant, nextval('stepglass.change_number'));
    RETURN QUERY SELECT new_id, true, true, used.minute, used.minute_left, used.live, used.spent, used.day_left;
END $$;
