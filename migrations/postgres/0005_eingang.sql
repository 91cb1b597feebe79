-- The watched folder: which files were taken from it, and how it stands.
-- The file of the same name under sqlite/ says the same in SQLite's words.

-- A row comes with the import of its file, in the same transaction; it is filed once the file and its report lie where
-- they belong. A process that dies between leaves a row that is not filed, and the next look only tidies up.
create table eingang (
    id          bigint generated always as identity primary key,
    name        text collate "C" not null,        -- as it lay in the folder
    sha256      text collate "C" not null,
    at          timestamptz not null,
    uebernommen boolean not null,                 -- goes to done/, otherwise to rejected/
    ziel        text collate "C" not null,        -- its name there
    bericht     text not null,                    -- what lies beside it; empty once it does
    vorgang     bigint,                           -- the import; none: nothing was changed
    abgelegt    timestamptz                       -- when it was filed
);
-- One and the same file is never taken by two: whoever comes second finds it here.
create unique index eingang_offen on eingang (name, sha256) where abgelegt is null;
create index eingang_abgelegt on eingang (abgelegt) where abgelegt is not null;

-- How the folder stands. One row, once somebody has looked at one.
create table eingang_stand (
    id      bigint primary key check (id = 1),
    ordner  text not null,
    bekannt boolean not null,                     -- whether it was ever found in order, with what belongs into it
    seit    timestamptz not null,                 -- since when it stands so
    lage    text not null                         -- what somebody has to see to, one German sentence a line; empty: nothing
);
