-- The house: facts, the memory of what was said, and the queue of what is to be sent.
-- The file of the same name under sqlite/ says the same in SQLite's words.
-- Instants are UTC, truncated to microseconds, always bound by the program. Keys compare by bytes, as in SQLite.

-- One row: this installation.
create table installation (
    id              bigint primary key check (id = 1),
    secret          bytea    not null,             -- Message-IDs follow from it
    facts_revision  bigint not null default 0,   -- grows with every change of facts
    created_at      timestamptz    not null
);

-- ---------------------------------------------------------------- facts (RULES.md section 1)
create table team (
    team         text collate "C" not null primary key,
    name         text not null,
    postfach     text,
    bundesland   text not null,
    leitung      text,
    dienststelle text not null default '',        -- '' is the one office
    beginn       date
);

create table kollege (
    kuerzel    text collate "C" not null primary key,
    name       text not null,
    email      text,
    rolle      text not null,
    team       text collate "C" not null,
    region     text not null,
    vertretung text
);

create table betreuung (
    fallnr                text collate "C" not null primary key,
    bezeichnung           text not null,          -- initials at most
    bak                   text collate "C",
    ifk                   text,
    team                  text collate "C" not null,
    region                text not null,
    kennung               text not null,          -- as delivered; a word we do not know counts as ''
    kennung_seit          date,
    uebergabe_am          date,
    hauptbetreuer_seit    date,
    ende_am               date,
    ende_grund            text not null,
    rueckgabegespraech_am date,
    fazit_am              date
);
-- A page of one of many offices is read by this.
create index betreuung_team on betreuung (team, fallnr);

-- No foreign keys to betreuung: a row whose case is not (yet) known is kept and attaches when the case comes.
create table aktivitaet (
    fallnr text collate "C"    not null,
    art    text collate "C"    not null,
    datum  date    not null,
    anzahl bigint not null,                      -- 0 withdraws
    primary key (fallnr, art, datum)
);
-- Whether anybody records an art at all (RULES.md section 3, Evidence) is one look into this.
create index aktivitaet_art on aktivitaet (art) where anzahl > 0;

create table foerderung (
    foerdernr   text collate "C" not null primary key,
    fallnr      text collate "C" not null,
    art         text collate "C" not null,
    arbeitgeber text not null,
    beginn      date,
    ende        date,
    potenzial   text not null                     -- '', 'ja', 'nein'
);
create index foerderung_fall on foerderung (fallnr);

-- Files without a key state all rows of their source: row_key is all of a row's fields, and rows that the
-- source no longer holds are withdrawn.
create table pause (
    source  text collate "C" not null,
    row_key text collate "C" not null,
    fallnr  text collate "C" not null,
    von     date not null,
    bis     date,                                 -- none: without end
    primary key (source, row_key)
);
create index pause_fall on pause (fallnr);

create table abwesenheit (
    source  text collate "C" not null,
    row_key text collate "C" not null,
    kuerzel text collate "C" not null,
    von     date not null,
    bis     date,                                 -- none: until further notice
    primary key (source, row_key)
);

create table veranstaltung (
    source        text collate "C"    not null,
    row_key       text collate "C"    not null,
    team          text collate "C"    not null,
    titel         text    not null,
    art           text collate "C"    not null,
    datum         date,
    durchgefuehrt boolean not null,
    primary key (source, row_key)
);

create table termin (
    terminnr   text collate "C" not null primary key,
    source     text collate "C" not null,
    fallnr     text collate "C" not null,
    art        text collate "C" not null,
    datum      date,
    uhrzeit    text,                              -- 'HH:MM'
    ort        text not null,
    teilnehmer text
);
create index termin_fall on termin (fallnr);

create table stelle (
    refnr          text collate "C" not null primary key,
    titel          text not null,
    arbeitgeber    text not null,
    ort            text not null,
    arbeitszeit    text not null,
    eingestellt_am date,
    link           text not null,
    quelle         text not null,
    erstmals_am    date not null                  -- the day it was first imported
);

-- How fresh a team's data is: its last import or record.
create table datenstand (
    team text collate "C" not null primary key,
    at   timestamptz not null
);

-- ---------------------------------------------------------------- the memory of what was said
-- One row per office and day is the last defence against a second run.
create table run (
    office text collate "C" not null,
    day    date not null,
    at     timestamptz not null,
    primary key (office, day)
);

create table team_run (
    team text collate "C" not null,
    day  date not null,
    primary key (team, day)
);

-- The rules a team has been told by; a rule that is not here has its first run.
create table team_rule (
    team  text collate "C" not null,
    rule  text collate "C" not null,
    since date not null,
    primary key (team, rule)
);

-- The weekly report of a team: written once per ISO week; the numbers are next week's trend.
create table wochenstand (
    team text collate "C" not null,
    week text collate "C" not null,                           -- '2026-W48'
    bak  text collate "C" not null,                           -- '' is the team as a whole
    open bigint not null,
    primary key (team, week, bak)
);

create table ledger (
    fallnr       text collate "C" not null,                   -- '' for a team's obligation
    rule         text collate "C" not null,
    subject      text collate "C" not null,
    cycle        text collate "C" not null,
    team         text collate "C" not null,
    raw          date not null,
    action       date not null,
    next_step    date,                            -- so that a later morning can read only what has come
    step         text not null,
    sent_bak     date,
    sent_ifk     date,
    sent_team    date,
    sent_tl      date,
    addressed    bigint not null,                -- set of roles, bits: bak 1, ifk 2, team 4, tl 8
    bak          text collate "C",
    ifk          text,
    opened       date not null,
    ended        date,
    ended_how    text,                            -- fulfilled, lapsed, resting, moot, withdrawn
    ended_by     text,
    ended_by_day date,
    untold       bigint not null,                -- set of roles that have yet to be told that it lapsed
    primary key (fallnr, rule, subject, cycle)
);
create index ledger_live on ledger (fallnr) where ended is null or untold <> 0;
-- A subsidy that moves to another case is still the same subsidy: its entries are found whatever the case. What a
-- case says of itself (subject and case are one) is not, and is most of the table.
create index ledger_elsewhere on ledger (rule, subject, cycle) where subject <> fallnr;

-- ---------------------------------------------------------------- the queue
create table outbox (
    id              bigint generated always as identity primary key,
    dedup_key       text    not null unique,      -- digests kind:address:date (and office, if named), others kind:object:version
    kind            text    not null,
    office          text collate "C"    not null,
    recipient       text    not null,
    day             date    not null,
    subject         text collate "C"    not null,
    message_id      text    not null unique,
    sha256          text    not null,
    state           text    not null,             -- queued, sending, sent, failed, superseded, cancelled
    told_once       boolean not null,             -- says what no later mail says: never superseded
    attempts        bigint not null default 0,
    next_attempt_at timestamptz    not null,
    first_attempt_at timestamptz,                 -- from here on the days of trying are counted
    lease_until     timestamptz,
    lease           text,                         -- who holds it
    created_at      timestamptz    not null,
    sent_at         timestamptz,
    error           text
);
create index outbox_due on outbox (next_attempt_at, id) where state in ('queued', 'sending');
create index outbox_day on outbox (kind, day);
create index outbox_failed on outbox (office, next_attempt_at) where state = 'failed';

-- What a mail says; leaves when the retention time is over. Apart from the queue, whose rows change with each step of
-- the delivery: a row that holds kilobytes would be written anew each time.
create table outbox_text (
    outbox_id bigint primary key references outbox (id) on delete cascade,
    message   bytea   not null
);

-- The send log: which steps a mail told to whom.
create table notice (
    outbox_id bigint not null references outbox (id) on delete cascade,
    fallnr    text collate "C"    not null,
    rule      text collate "C"    not null,
    subject   text collate "C"    not null,
    cycle     text collate "C"    not null,
    step      text    not null,
    role      text    not null,
    primary key (fallnr, rule, subject, cycle, step, role, outbox_id)
);
