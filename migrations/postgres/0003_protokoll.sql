-- Who changed which fact, when, from where; what it was before; and what people have corrected by hand.
-- The file of the same name under sqlite/ says the same in SQLite's words.
--
-- A row of a fact that nobody has touched since it came says by its `vorgang` alone who brought it. Only where a row is
-- changed or goes is kept what it was: so the first import of an office, all of whose rows are new, keeps nothing twice.
-- What is written here is never changed; it goes with its case (`delete … where fallnr = …`), and only together with the
-- facts of that case: a row of facts whose past is missing would count as new with its `vorgang`.

-- One row per import, entry by hand, correction and undoing. 0 stands for what was there before this was kept.
create table vorgang (
    id             bigint generated always as identity primary key,
    art            text    not null,              -- import, record, withdraw, set, undo
    at             timestamptz    not null,
    wer            text    not null,              -- the operating system's user
    woher          text    not null,              -- the command
    nimmt_zurueck  bigint                         -- the import that an undoing took back
);
create index vorgang_zurueck on vorgang (nimmt_zurueck) where nimmt_zurueck is not null;

-- The files of an import, by name without path, and what taking them over did.
create table vorgang_datei (
    vorgang       bigint  not null references vorgang (id) on delete cascade,
    nr            bigint  not null,
    tabelle       text collate "C"    not null,
    datei         text    not null,
    gelesen       bigint  not null,
    neu           bigint  not null,
    geaendert     bigint  not null,
    unveraendert  bigint  not null,
    zurueckgezogen bigint  not null,
    abgelehnt     bigint  not null,
    primary key (vorgang, nr)
);

-- Which teams' data an import or entry made fresh, so that undoing it takes the Datenstand back too.
create table vorgang_team (
    team    text collate "C"    not null,
    vorgang bigint  not null,
    at      timestamptz    not null,
    primary key (team, vorgang)
);
insert into vorgang_team (team, vorgang, at) select team, 0, at from datenstand;

-- What a row was before a change; for a row that went: what it was at all.
create table protokoll (
    fallnr      text collate "C"    not null,                 -- '' where the row is about no case
    tabelle     text collate "C"    not null,
    schluessel  text collate "C"    not null,                 -- JSON array of the key's columns
    vorgang     bigint  not null,                 -- what changed it
    vor_vorgang bigint  not null,                 -- what had written it before
    vorher      text collate "C"    not null,                 -- JSON array of all columns
    primary key (fallnr, tabelle, schluessel, vorgang)
);

-- What people say of a field against what the lists say. Their word stays until a list says something else than before.
create table korrektur (
    fallnr     text collate "C"    not null,
    tabelle    text collate "C"    not null,
    schluessel text collate "C"    not null,                  -- JSON array of the key's columns
    feld       text collate "C"    not null,
    geliefert  text collate "C",                              -- what the lists said last; nothing: empty, or not in any list
    wert       text collate "C",                              -- what people say
    vorgang    bigint  not null default 0,
    primary key (fallnr, tabelle, schluessel, feld)
);

create function bleibt() returns trigger language plpgsql as $$
begin raise exception '%: append only', tg_table_name; end $$;
create trigger vorgang_bleibt before update on vorgang for each statement execute function bleibt();
create trigger vorgang_datei_bleibt before update on vorgang_datei for each statement execute function bleibt();
create trigger vorgang_team_bleibt before update on vorgang_team for each statement execute function bleibt();
create trigger protokoll_bleibt before update on protokoll for each statement execute function bleibt();

-- What last wrote a row.
alter table team          add column vorgang bigint not null default 0;
alter table kollege       add column vorgang bigint not null default 0;
alter table betreuung     add column vorgang bigint not null default 0;
alter table aktivitaet    add column vorgang bigint not null default 0;
alter table foerderung    add column vorgang bigint not null default 0;
alter table pause         add column vorgang bigint not null default 0;
alter table abwesenheit   add column vorgang bigint not null default 0;
alter table veranstaltung add column vorgang bigint not null default 0;
alter table termin        add column vorgang bigint not null default 0;
alter table stelle        add column vorgang bigint not null default 0;
