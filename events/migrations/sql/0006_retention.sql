-- What becomes of runs that have ended: their chunks are packed, and one day they go.

-- Of several chunks that are one row now, the lowest `seq`; `seq` is the highest. NULL: the row is one event.
ALTER TABLE stepglass.events ADD COLUMN first bigint;

ALTER TABLE stepglass.run_totals ADD COLUMN compacted_at timestamptz;
CREATE INDEX run_totals_to_compact ON stepglass.run_totals (ended_at) WHERE compacted_at IS NULL;

-- A run that has gone stays in the feed for a day, so that who looks at the feed hears of it.
ALTER TABLE stepglass.changes ADD COLUMN gone_at timestamptz;
ALTER TABLE stepglass.changes DROP CONSTRAINT changes_run_id_fkey;
CREATE INDEX changes_of_gone ON stepglass.changes (gone_at) WHERE gone_at IS NOT NULL;

CREATE OR REPLACE FUNCTION stepglass.keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('stepglass.retention', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') AND current_setting('stepglass.compaction', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'SG004', MESSAGE = 'the log is append-only: no ' || TG_OP,
        HINT = 'stepglass.forget(before) removes whole runs that have ended.';
END $$;

-- The one way to change how events are kept, and only of a run that has ended: the chunk at `seqs[i]` becomes
-- `bodies[i]`, which holds those from `firsts[i]` on; `gone` are the others. All of it or nothing; false: there is no
-- such run any more. That the same events can be read out of it is for the caller to see to.
CREATE FUNCTION stepglass.compact(which uuid, seqs bigint[], firsts bigint[], bodies text[], gone bigint[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM 1 FROM stepglass.runs r WHERE r.run_id = which AND stepglass.ended(r.status) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM set_config('stepglass.compaction', 'on', true);
    DELETE FROM stepglass.events e
    WHERE e.run_id = which AND e.seq = ANY (gone) AND e.type = 'model_chunk' AND e.first IS NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    IF done = cardinality(gone) THEN
        UPDATE stepglass.events e SET first = p.first, body = p.body
        FROM unnest(seqs, firsts, bodies) AS p (seq, first, body)
        WHERE e.run_id = which AND e.seq = p.seq AND e.type = 'model_chunk' AND e.first IS NULL;
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done = cardinality(seqs) THEN
            PERFORM set_config('stepglass.compaction', 'off', true);
            RETURN true;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = format('the chunks of run %s are not what they were', which);
END $$;

-- As before; and at most so many at once, the oldest first. `below` is an id that none of them reaches, so that only
-- old runs are looked at. A run whose document somebody changed since then stays.
DROP FUNCTION stepglass.forget;
CREATE FUNCTION stepglass.forget(before timestamptz, below uuid DEFAULT NULL, most integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    forgotten uuid[];
    whose text;
BEGIN
    PERFORM set_config('stepglass.retention', 'on', true);
    WITH old AS MATERIALIZED (
        SELECT r.run_id FROM stepglass.runs r
        WHERE r.run_id < coalesce(below, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND stepglass.ended(r.status)
            AND r.created_at < before
            AND NOT EXISTS (SELECT 1 FROM stepglass.versions v WHERE v.run_id = r.run_id AND v.made_at >= before)
        ORDER BY r.run_id LIMIT most FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM stepglass.runs r USING old WHERE r.run_id = old.run_id RETURNING r.run_id
    ), emptied AS (
        DELETE FROM stepglass.events e USING gone WHERE e.run_id = gone.run_id
    )
    SELECT coalesce(array_agg(gone.run_id), '{}') INTO forgotten FROM gone;
    PERFORM set_config('stepglass.retention', 'off', true);

    -- Last of all: what this locks, everybody else waits for.
    FOR whose IN SELECT c.tenant FROM stepglass.changes c WHERE c.run_id = ANY (forgotten)
        GROUP BY c.tenant ORDER BY hashtext(c.tenant)
    LOOP
        PERFORM stepglass.begin_change(whose);
    END LOOP;
    UPDATE stepglass.changes SET number = nextval('stepglass.change_number'), gone_at = clock_timestamp()
    WHERE run_id = ANY (forgotten);
    RETURN cardinality(forgotten);
END $$;

-- Of each step the last hundred durations are of use; `most` of the others go.
CREATE FUNCTION stepglass.trim_history(most integer) RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM stepglass.step_history WHERE ctid = ANY (ARRAY (
            SELECT h.ctid FROM (SELECT DISTINCT pipeline, profile, step FROM stepglass.step_history) k
            CROSS JOIN LATERAL (
                SELECT l.finished_at FROM stepglass.step_history l
                WHERE l.pipeline = k.pipeline AND l.profile = k.profile AND l.step = k.step
                ORDER BY l.finished_at DESC OFFSET 99 LIMIT 1
            ) oldest
            JOIN stepglass.step_history h ON h.pipeline = k.pipeline AND h.profile = k.profile AND h.step = k.step
                AND h.finished_at < oldest.finished_at
            LIMIT most
        )) RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
