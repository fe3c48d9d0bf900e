-- The run that a run does again. It stands in the log of the new one; here it is the way back from the old one.
ALTER TABLE stepglass.runs ADD COLUMN forked_from uuid;
CREATE INDEX runs_forked_from ON stepglass.runs (forked_from, run_id DESC) WHERE forked_from IS NOT NULL;

-- As before, and a run may do another one again.
DROP FUNCTION stepglass.accept;
CREATE FUNCTION stepglass.accept(
    new_id uuid, new_tenant text, new_pipeline text, new_input text, new_key text, new_hash bytea,
    deadline double precision, new_holder text, lease double precision, new_view text, types text[], bodies text[],
    new_about uuid DEFAULT NULL, new_forked_from uuid DEFAULT NULL
) RETURNS TABLE (run_id uuid, created boolean, same_body boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, idem_key, body_hash, deadline_at, view,
        epoch, holder, lease_until, about, forked_from)
    VALUES (new_id, new_tenant, new_pipeline, new_input, new_key, new_hash,
        clock_timestamp() + make_interval(secs => deadline), new_view, CASE WHEN new_holder IS NULL THEN 0 ELSE 1 END,
        new_holder, CASE WHEN new_holder IS NOT NULL THEN clock_timestamp() + make_interval(secs => lease) END,
        new_about, new_forked_from)
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
