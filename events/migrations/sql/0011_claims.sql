-- What rests, paused or waiting for a person, may be tens of thousands of runs for weeks. Whoever looks for work does so
-- every two seconds, and passes over none of them: those that rest stand in an index of their own, by when they wake.
CREATE INDEX runs_free ON stepglass.runs (run_id)
    WHERE wake_at IS NULL AND status NOT IN ('complete', 'error', 'cancelled');
CREATE INDEX runs_resting ON stepglass.runs (wake_at)
    WHERE wake_at IS NOT NULL AND status NOT IN ('complete', 'error', 'cancelled');
DROP INDEX stepglass.runs_live;

-- As before, but what live runs have cost is read only where money counts, too: counting them alone is done in an index.
CREATE OR REPLACE FUNCTION stepglass.standing(whose text, most_a_minute integer, with_money boolean) RETURNS TABLE (
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
        SELECT count(*)::integer AS n FROM stepglass.runs r
        WHERE r.tenant = whose AND r.status IN ('queued', 'running', 'waiting', 'paused')
    ), going AS (
        SELECT coalesce(sum(r.cost_usd), 0) AS cost FROM stepglass.runs r
        WHERE with_money AND r.tenant = whose AND r.status IN ('queued', 'running', 'waiting', 'paused')
    ), done AS (
        SELECT coalesce(sum(t.cost_usd), 0) AS cost FROM stepglass.run_totals t
        WHERE with_money AND t.tenant = whose AND t.ended_at >= (SELECT today FROM clock) AT TIME ZONE 'UTC'
    )
    SELECT latest.n, coalesce(60 - extract(epoch FROM clock.now - latest.last), 0)::double precision,
        alive.n, going.cost + done.cost,
        extract(epoch FROM clock.today + interval '1 day' - clock.now AT TIME ZONE 'UTC')::double precision
    FROM clock, latest, alive, going, done
$$;
