-- The store itself refuses, whoever writes: gaps, writers that do not hold the run, anything after the last word.
-- SQLSTATEs: SG001 gap, SG002 fenced, SG003 ended, SG004 not allowed, SG005 unknown run.

CREATE FUNCTION stepglass.guard_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    -- In the order of their ids, so that two writers of several runs never wait for each other.
    PERFORM 1 FROM stepglass.runs r WHERE r.run_id IN (SELECT w.run_id FROM written w) ORDER BY r.run_id FOR UPDATE;

    SELECT checked.* INTO bad FROM (
        SELECT w.run_id, w.first, w.last, w.epoch, r.epoch AS held_epoch, r.tail_seq, CASE
            WHEN r.run_id IS NULL THEN 'SG005'
            WHEN stepglass.ended(r.status) THEN 'SG003'
            WHEN w.first <> r.tail_seq + 1 OR w.last - w.first + 1 <> w.n THEN 'SG001'
            WHEN w.last_words > 1 OR w.last_word_at <> w.last THEN 'SG003'
            WHEN w.epochs > 1 OR w.epoch <> r.epoch OR (w.epoch IS NOT NULL AND r.holder IS NULL) THEN 'SG002'
            -- Without an epoch: only what an outsider may say, and `cancelled` only where nobody holds the run.
            WHEN w.strange THEN 'SG004'
            WHEN w.outsider_ends AND r.holder IS NOT NULL AND r.lease_until > clock_timestamp() THEN 'SG004'
            WHEN w.closes AND NOT w.outsider_ends THEN 'SG004'
            WHEN (w.opens OR w.reuses) AND w.first <> 1 THEN 'SG004'
            WHEN w.first = 1 AND NOT w.opens THEN 'SG004'
        END AS code
        FROM (
            SELECT run_id, min(seq) AS first, max(seq) AS last, count(*) AS n,
                count(*) FILTER (WHERE stepglass.ended(type)) AS last_words,
                max(seq) FILTER (WHERE stepglass.ended(type)) AS last_word_at,
                count(DISTINCT coalesce(epoch, -1)) AS epochs, max(epoch) AS epoch,
                bool_or(epoch IS NULL AND type NOT IN ('run_queued', 'step_complete', 'cancel_requested',
                    'input_received', 'run_paused', 'run_unpaused', 'step_error', 'cancelled')) AS strange,
                bool_or(epoch IS NULL AND type = 'cancelled') AS outsider_ends,
                bool_or(epoch IS NULL AND type = 'step_error') AS closes,
                bool_or(epoch IS NULL AND type = 'step_complete') AS reuses,
                bool_or(type = 'run_queued') AS opens
            FROM written GROUP BY run_id
        ) w LEFT JOIN stepglass.runs r USING (run_id)
    ) checked WHERE checked.code IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = bad.code, MESSAGE = format(
            'run %s refuses events %s to %s of epoch %s: it ends at %s, epoch %s',
            bad.run_id, bad.first, bad.last, coalesce(bad.epoch::text, 'none'), bad.tail_seq, bad.held_epoch);
    END IF;

    UPDATE stepglass.runs r SET tail_seq = w.last, status = coalesce(w.last_word, r.status),
        holder = CASE WHEN w.last_word IS NULL THEN r.holder END,
        cancel_requested = r.cancel_requested OR w.cancels
    FROM (
        SELECT run_id, max(seq) AS last, max(type) FILTER (WHERE stepglass.ended(type)) AS last_word,
            bool_or(type = 'cancel_requested') AS cancels
        FROM written GROUP BY run_id
    ) w WHERE r.run_id = w.run_id;

    -- `run:tail` pairs; a payload may have 8,000 bytes and a pair has less than 60.
    PERFORM pg_notify('stepglass_events', string_agg(pair, ','))
    FROM (
        SELECT run_id || ':' || max(seq) AS pair, (row_number() OVER () - 1) / 120 AS page FROM written GROUP BY run_id
    ) pairs GROUP BY page;
    RETURN NULL;
END $$;

CREATE TRIGGER events_guarded AFTER INSERT ON stepglass.events
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION stepglass.guard_events();

CREATE FUNCTION stepglass.keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('stepglass.retention', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'SG004', MESSAGE = 'the log is append-only: no ' || TG_OP,
        HINT = 'stepglass.forget(before) removes whole runs that have ended.';
END $$;

CREATE TRIGGER events_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON stepglass.events
    FOR EACH STATEMENT EXECUTE FUNCTION stepglass.keep_events();

-- Retention: the one way to remove events, and only whole runs that ended and were accepted before a moment.
-- The parameter is set inside: as a clause (SET ...) of the function only a superuser may name it.
CREATE FUNCTION stepglass.forget(before timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    forgotten bigint;
BEGIN
    PERFORM set_config('stepglass.retention', 'on', true);
    WITH gone AS (
        DELETE FROM stepglass.runs WHERE stepglass.ended(status) AND created_at < before RETURNING run_id
    ), emptied AS (
        DELETE FROM stepglass.events e USING gone WHERE e.run_id = gone.run_id
    )
    SELECT count(*) INTO forgotten FROM gone;
    PERFORM set_config('stepglass.retention', 'off', true);
    RETURN forgotten;
END $$;
