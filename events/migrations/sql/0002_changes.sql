-- The feed of all runs: each run stands in it once, under the number of its last change.

-- Beside the runs, not in them: a number that is indexed would cost each change of a run an entry in all its indexes.
CREATE TABLE stepglass.changes (
    run_id uuid   PRIMARY KEY REFERENCES stepglass.runs ON DELETE CASCADE,
    tenant text   NOT NULL,
    number bigint NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX changes_in_order ON stepglass.changes (tenant, number);
CREATE SEQUENCE stepglass.change_number;

-- Numbers are given in the order of the commits, one transaction of a tenant at a time: whoever sees a number sees all
-- below it, so that a reader who goes on behind the last number that it saw can miss nothing. A number that is drawn
-- without the lock may become visible after a higher one, and would be passed over for ever. It costs little: each
-- append notifies, and PostgreSQL lets one such transaction at a time through its commit anyway.
CREATE FUNCTION stepglass.begin_change(whose text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Any number, for this purpose alone; it is let go behind the commit.
    PERFORM pg_advisory_xact_lock(788370018, hashtext(whose));
    -- A payload may have 8,000 bytes.
    PERFORM pg_notify('stepglass_changes', left(whose, 1000));
END $$;

CREATE FUNCTION stepglass.note_changes(changed uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    whose text;
BEGIN
    IF cardinality(changed) = 0 THEN
        RETURN;
    END IF;
    -- In one order, so that two writers for several tenants never wait for each other.
    FOR whose IN SELECT c.tenant FROM stepglass.changes c WHERE c.run_id = ANY (changed)
        GROUP BY c.tenant ORDER BY hashtext(c.tenant)
    LOOP
        PERFORM stepglass.begin_change(whose);
    END LOOP;
    UPDATE stepglass.changes SET number = nextval('stepglass.change_number') WHERE run_id = ANY (changed);
END $$;

-- As before, and the change is noted.
CREATE OR REPLACE FUNCTION stepglass.append(
    runs uuid[], epochs integer[], tails bigint[], views text[], statuses text[], checkpoints boolean[],
    of_run integer[], types text[], bodies text[], done_run integer[], done_steps text[], done_ms bigint[]
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

    INSERT INTO stepglass.step_history (pipeline, profile, step, duration_ms)
    SELECT r.pipeline, r.profile, d.step, d.ms
    FROM unnest(done_run, done_steps, done_ms) AS d (r, step, ms) JOIN stepglass.runs r ON r.run_id = runs[d.r]
    WHERE outcomes[d.r] = 'stored';

    UPDATE stepglass.runs r SET view = w.view, status = w.status, losses = CASE WHEN w.mark THEN 0 ELSE r.losses END
    FROM unnest(runs, views, statuses, checkpoints, outcomes) AS w (run_id, view, status, mark, outcome)
    WHERE r.run_id = w.run_id AND w.outcome = 'stored' AND w.view IS NOT NULL;

    -- Last of all: what this locks, everybody else waits for.
    PERFORM stepglass.note_changes(array(
        SELECT w.run_id FROM unnest(runs, views, outcomes) AS w (run_id, view, outcome)
        WHERE w.outcome = 'stored' AND w.view IS NOT NULL));

    RETURN QUERY SELECT * FROM unnest(outcomes, ends);
END $$;

CREATE OR REPLACE FUNCTION stepglass.accept(
    new_id uuid, new_tenant text, new_pipeline text, new_input text, new_key text, new_hash bytea,
    deadline double precision, new_holder text, lease double precision, new_view text, types text[], bodies text[]
) RETURNS TABLE (run_id uuid, created boolean, same_body boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, idem_key, body_hash, deadline_at, view,
        epoch, holder, lease_until)
    VALUES (new_id, new_tenant, new_pipeline, new_input, new_key, new_hash,
        clock_timestamp() + make_interval(secs => deadline), new_view, CASE WHEN new_holder IS NULL THEN 0 ELSE 1 END,
        new_holder, CASE WHEN new_holder IS NOT NULL THEN clock_timestamp() + make_interval(secs => lease) END)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- The id is there already when an answer was lost and the caller asks again: created all the same.
        RETURN QUERY SELECT r.run_id, r.run_id = new_id, r.body_hash = new_hash FROM stepglass.runs r
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
    RETURN QUERY SELECT new_id, true, true;
END $$;

INSERT INTO stepglass.changes (run_id, tenant, number)
SELECT run_id, tenant, nextval('stepglass.change_number') FROM (SELECT * FROM stepglass.runs ORDER BY run_id) r;
