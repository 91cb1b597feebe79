-- What an office's own list leaves behind besides its rows.

-- The day that a column of a list stated last for a case: a later one is added to it, an earlier one takes its place.
create table listentag (
    fallnr text    not null,
    source text    not null,
    spalte text    not null,                      -- the heading, as it is compared
    art    text    not null,
    datum  date    not null,
    eigen  boolean not null,                      -- whether the activity came from this column and nobody knew it before
    vorgang integer not null default 0,           -- what last wrote it
    primary key (fallnr, source, spalte)
) without rowid;

-- The cases of a list that is complete; those that it no longer holds are asked about while they run.
create table listenfall (
    source     text not null,
    fallnr     text not null,
    fehlt_seit date,                              -- none: the list holds it
    vorgang    integer not null default 0,
    primary key (source, fallnr)
) without rowid;
create index listenfall_fehlt on listenfall (fallnr) where fehlt_seit is not null;
create index listenfall_da on listenfall (fallnr) where fehlt_seit is null;
