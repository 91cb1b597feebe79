-- What the service does at night (deleting what has had its time, backing up): when it last did, and what came of it.
-- The file of the same name under postgres/ says the same in PostgreSQL's words.
create table upkeep (
    task   text    not null primary key,          -- retention, backup
    day    date    not null,                      -- the day it was last tried
    at     text    not null,                      -- when that ended
    ok     boolean not null,                      -- whether it did what it should
    report text    not null                       -- what came of it, in German: counts, nobody's data
) without rowid;
