-- When the viewer said it, by a clock of its own (Unix ms). Words are sent as a page goes away and as the next one comes,
-- over connections of their own, so that the second may be here before the first.
ALTER TABLE stepglass.abandonments ADD COLUMN said_at bigint NOT NULL DEFAULT 0;
-- It is there again: a row that is not counted, and that an earlier word cannot make count.
ALTER TABLE stepglass.abandonments ADD COLUMN back boolean NOT NULL DEFAULT false;
