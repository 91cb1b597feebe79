-- Who changed which fact, when, from where; what it was before; and what people have corrected by hand.
-- The file of the same name under postgres/ says the same in PostgreSQL's words.
--
-- A row of a fact that nobody has touched since it came says by its `vorgang` alone who brought it. Only where a row is
-- changed or goes is kept what it was: so the first import of an office, all of whose rows are new, keeps nothing twice.
-- What is written here is never changed; it goes with its case (`delete … where fallnr = …`), and only together with the
-- facts of that case: a row of facts whose past is missing would count as new with its `vorgang`.

-- One row per import, entry by hand, correction and undoing. 0 stands for what was there before this was kept.
create table vorgang (
    id             integer primary key autoincrement,
    art            text    not null,              -- import, record, withdraw, set, undo
    at             text    not null,
    wer            text    not null,              -- the operating system's user
    woher          text    not null,              -- the command
    nimmt_zurueck  integer                        -- the import that an undoing took back
);
create index vorgang_zurueck on vorgang (nimmt_zurueck) where nimmt_zurueck is not null;

-- The files of an import, by name without path, and what taking them over did.
create table vorgang_datei (
    vorgang       integer not null references vorgang (id) on delete cascade,
    nr            integer not null,
    tabelle       text    not null,
    datei         text    not null,
    gelesen       integer not null,
    neu           integer not null,
    geaendert     integer not null,
    unveraendert  integer not null,
    zurueckgezogen integer not null,
    abgelehnt     integer not null,
    primary key (vorgang, nr)
) without rowid;

-- Which teams' data an import or entry made fresh, so that undoing it takes the Datenstand back too.
create table vorgang_team (
    team    text    not null,
    vorgang integer not null,
    at      text    not null,
    primary key (team, vorgang)
) without rowid;
insert into vorgang_team (team, vorgang, at) select team, 0, at from datenstand;

-- What a row was before a change; for a row that went: what it was at all.
create table protokoll (
    fallnr      text    not null,                 -- '' where the row is about no case
    tabelle     text    not null,
    schluessel  text    not null,                 -- JSON array of the key's columns
    vorgang     integer not null,                 -- what changed it
    vor_vorgang integer not null,                 -- what had written it before
    vorher      text    not null,                 -- JSON array of all columns
    primary key (fallnr, tabelle, schluessel, vorgang)
) without rowid;

-- What people say of a field against what the lists say. Their word stays until a list says something else than before.
create table korrektur (
    fallnr     text    not null,
    tabelle    text    not null,
    schluessel text    not null,                  -- JSON array of the key's columns
    feld       text    not null,
    geliefert  text,                              -- what the lists said last; nothing: empty, or not in any list
    wert       text,                              -- what people say
    vorgang    integer not null default 0,
    primary key (fallnr, tabelle, schluessel, feld)
) without rowid;

create trigger vorgang_bleibt before update on vorgang
begin select raise(abort, 'vorgang: append only'); end;
create trigger vorgang_datei_bleibt before update on vorgang_datei
begin select raise(abort, 'vorgang_datei: append only'); end;
create trigger vorgang_team_bleibt before update on vorgang_team
begin select raise(abort, 'vorgang_team: append only'); end;
create trigger protokoll_bleibt before update on protokoll
begin select raise(abort, 'protokoll: append only'); end;

-- What last wrote a row.
alter table team          add column vorgang integer not null default 0;
alter table kollege       add column vorgang integer not null default 0;
alter table betreuung     add column vorgang integer not null default 0;
alter table aktivitaet    add column vorgang integer not null default 0;
alter table foerderung    add column vorgang integer not null default 0;
alter table pause         add column vorgang integer not null default 0;
alter table abwesenheit   add column vorgang integer not null default 0;
alter table veranstaltung add column vorgang integer not null default 0;
alter table termin        add column vorgang integer not null default 0;
alter table stelle        add column vorgang integer not null default 0;
