-- What an office's own list leaves behind besides its rows.

-- The day that a column of a list stated last for a case: a later one is added to it, an earlier one takes its place.
create table listentag (
    fallnr text collate "C" not null,
    source text collate "C" not null,
    spalte text collate "C" not null,             -- the heading, as it is compared
    art    text collate "C" not null,
    datum  date    not null,
    eigen  boolean not null,                      -- whether the activity came from this column and nobody knew it before
    vorgang bigint not null default 0,            -- what last wrote it
    primary key (fallnr, source, spalte)
);

-- The cases of a list that is complete; those that it no longer holds are asked about while they run.
create table listenfall (
    source     text collate "C" not null,
    fallnr     text collate "C" not null,
    fehlt_seit date,                              -- none: the list holds it
    vorgang    bigint not null default 0,
    primary key (source, fallnr)
);
create index listenfall_fehlt on listenfall (fallnr) where fehlt_seit is not null;
create index listenfall_da on listenfall (fallnr) where fehlt_seit is null;
