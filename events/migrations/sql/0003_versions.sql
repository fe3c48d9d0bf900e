-- What becomes of a run's document after the run: a history to which is only added, as to the log. Each row is an act,
-- and shows the content of one: its own, or, where somebody went back or forth, that of an earlier one.
CREATE TABLE stepglass.versions (
    run_id   uuid        NOT NULL REFERENCES stepglass.runs ON DELETE CASCADE,
    number   integer     NOT NULL, -- 1, 2, 3 … Whoever adds one says which it is, so that of two only one can.
    kind     text        NOT NULL,
    shows    integer     NOT NULL,
    back     integer,              -- What stands before the content that it shows; NULL: nothing does.
    ahead    integer[]   NOT NULL, -- What was undone and may be redone, the next first.
    sections text[]      NOT NULL, -- What the act changed.
    content  text,                 -- JSON, as text like the events'; NULL where that of another is shown.
    by       text,
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    refined_by uuid,
    PRIMARY KEY (run_id, number)
);

-- The run whose document a run works on.
ALTER TABLE stepglass.runs ADD COLUMN about uuid;
CREATE INDEX runs_about ON stepglass.runs (about, run_id DESC) WHERE about IS NOT NULL;

-- As before, and a run may be about another.
DROP FUNCTION stepglass.accept;
CREATE FUNCTION stepglass.accept(
    new_id uuid, new_tenant text, new_pipeline text, new_input text, new_key text, new_hash bytea,
    deadline double precision, new_holder text, lease double precision, new_view text, types text[], bodies text[],
    new_about uuid DEFAULT NULL
) RETURNS TABLE (run_id uuid, created boolean, same_body boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, idem_key, body_hash, deadline_at, view,
        epoch, holder, lease_until, about)
    VALUES (new_id, new_tenant, new_pipeline, new_input, new_key, new_hash,
        clock_timestamp() + make_interval(secs => deadline), new_view, CASE WHEN new_holder IS NULL THEN 0 ELSE 1 END,
        new_holder, CASE WHEN new_holder IS NOT NULL THEN clock_timestamp() + make_interval(secs => lease) END,
        new_about)
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
