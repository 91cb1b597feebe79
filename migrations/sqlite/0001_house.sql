-- The house: facts, the memory of what was said, and the queue of what is to be sent.
-- The file of the same name under postgres/ says the same in PostgreSQL's words.
-- Dates are 'YYYY-MM-DD'; instants are UTC, truncated to microseconds, always bound by the program.

-- One row: this installation.
create table installation (
    id              integer primary key check (id = 1),
    secret          blob    not null,             -- Message-IDs follow from it
    facts_revision  integer not null default 0,   -- grows with every change of facts
    created_at      text    not null
);

-- ---------------------------------------------------------------- facts (RULES.md section 1)
create table team (
    team         text not null primary key,
    name         text not null,
    postfach     text,
    bundesland   text not null,
    leitung      text,
    dienststelle text not null default '',        -- '' is the one office
    beginn       date
) without rowid;

create table kollege (
    kuerzel    text not null primary key,
    name       text not null,
    email      text,
    rolle      text not null,
    team       text not null,
    region     text not null,
    vertretung text
) without rowid;

create table betreuung (
    fallnr                text not null primary key,
    bezeichnung           text not null,          -- initials at most
    bak                   text,
    ifk                   text,
    team                  text not null,
    region                text not null,
    kennung               text not null,          -- as delivered; a word we do not know counts as ''
    kennung_seit          date,
    uebergabe_am          date,
    hauptbetreuer_seit    date,
    ende_am               date,
    ende_grund            text not null,
    rueckgabegespraech_am date,
    fazit_am              date
) without rowid;
-- A page of one of many offices is read by this.
create index betreuung_team on betreuung (team, fallnr);

-- No foreign keys to betreuung: a row whose case is not (yet) known is kept and attaches when the case comes.
create table aktivitaet (
    fallnr text    not null,
    art    text    not null,
    datum  date    not null,
    anzahl integer not null,                      -- 0 withdraws
    primary key (fallnr, art, datum)
) without rowid;
-- Whether anybody records an art at all (RULES.md section 3, Evidence) is one look into this.
create index aktivitaet_art on aktivitaet (art) where anzahl > 0;

create table foerderung (
    foerdernr   text not null primary key,
    fallnr      text not null,
    art         text not null,
    arbeitgeber text not null,
    beginn      date,
    ende        date,
    potenzial   text not null                     -- '', 'ja', 'nein'
) without rowid;
create index foerderung_fall on foerderung (fallnr);

-- Files without a key state all rows of their source: row_key is all of a row's fields, and rows that the
-- source no longer holds are withdrawn.
create table pause (
    source  text not null,
    row_key text not null,
    fallnr  text not null,
    von     date not null,
    bis     date,                                 -- none: without end
    primary key (source, row_key)
) without rowid;
create index pause_fall on pause (fallnr);

create table abwesenheit (
    source  text not null,
    row_key text not null,
    kuerzel text not null,
    von     date not null,
    bis     date,                                 -- none: until further notice
    primary key (source, row_key)
) without rowid;

create table veranstaltung (
    source        text    not null,
    row_key       text    not null,
    team          text    not null,
    titel         text    not null,
    art           text    not null,
    datum         date,
    durchgefuehrt boolean not null,
    primary key (source, row_key)
) without rowid;

create table termin (
    terminnr   text not null primary key,
    source     text not null,
    fallnr     text not null,
    art        text not null,
    datum      date,
    uhrzeit    text,                              -- 'HH:MM'
    ort        text not null,
    teilnehmer text
) without rowid;
create index termin_fall on termin (fallnr);

create table stelle (
    refnr          text not null primary key,
    titel          text not null,
    arbeitgeber    text not null,
    ort            text not null,
    arbeitszeit    text not null,
    eingestellt_am date,
    link           text not null,
    quelle         text not null,
    erstmals_am    date not null                  -- the day it was first imported
) without rowid;

-- How fresh a team's data is: its last import or record.
create table datenstand (
    team text not null primary key,
    at   text not null
) without rowid;

-- ---------------------------------------------------------------- the memory of what was said
-- One row per office and day is the last defence against a second run.
create table run (
    office text not null,
    day    date not null,
    at     text not null,
    primary key (office, day)
) without rowid;

create table team_run (
    team text not null,
    day  date not null,
    primary key (team, day)
) without rowid;

-- The rules a team has been told by; a rule that is not here has its first run.
create table team_rule (
    team  text not null,
    rule  text not null,
    since date not null,
    primary key (team, rule)
) without rowid;

-- The weekly report of a team: written once per ISO week; the numbers are next week's trend.
create table wochenstand (
    team text not null,
    week text not null,                           -- '2026-W48'
    bak  text not null,                           -- '' is the team as a whole
    open integer not null,
    primary key (team, week, bak)
) without rowid;

create table ledger (
    fallnr       text not null,                   -- '' for a team's obligation
    rule         text not null,
    subject      text not null,
    cycle        text not null,
    team         text not null,
    raw          date not null,
    action       date not null,
    next_step    date,                            -- so that a later morning can read only what has come
    step         text not null,
    sent_bak     date,
    sent_ifk     date,
    sent_team    date,
    sent_tl      date,
    addressed    integer not null,                -- set of roles, bits: bak 1, ifk 2, team 4, tl 8
    bak          text,
    ifk          text,
    opened       date not null,
    ended        date,
    ended_how    text,                            -- fulfilled, lapsed, resting, moot, withdrawn
    ended_by     text,
    ended_by_day date,
    untold       integer not null,                -- set of roles that have yet to be told that it lapsed
    primary key (fallnr, rule, subject, cycle)
) without rowid;
create index ledger_live on ledger (fallnr) where ended is null or untold <> 0;
-- A subsidy that moves to another case is still the same subsidy: its entries are found whatever the case. What a
-- case says of itself (subject and case are one) is not, and is most of the table.
create index ledger_elsewhere on ledger (rule, subject, cycle) where subject <> fallnr;

-- ---------------------------------------------------------------- the queue
create table outbox (
    id              integer primary key autoincrement,
    dedup_key       text    not null unique,      -- digests kind:address:date (and office, if named), others kind:object:version
    kind            text    not null,
    office          text    not null,
    recipient       text    not null,
    day             date    not null,
    subject         text    not null,
    message_id      text    not null unique,
    sha256          text    not null,
    state           text    not null,             -- queued, sending, sent, failed, superseded, cancelled
    told_once       boolean not null,             -- says what no later mail says: never superseded
    attempts        integer not null default 0,
    next_attempt_at text    not null,
    first_attempt_at text,                        -- from here on the days of trying are counted
    lease_until     text,
    lease           text,                         -- who holds it
    created_at      text    not null,
    sent_at         text,
    error           text
);
create index outbox_due on outbox (next_attempt_at, id) where state in ('queued', 'sending');
create index outbox_day on outbox (kind, day);
create index outbox_failed on outbox (office, next_attempt_at) where state = 'failed';

-- What a mail says; leaves when the retention time is over. Apart from the queue, whose rows change with each step of
-- the delivery: a row that holds kilobytes would be written anew each time.
create table outbox_text (
    outbox_id integer primary key references outbox (id) on delete cascade,
    message   blob    not null
);

-- The send log: which steps a mail told to whom.
create table notice (
    outbox_id integer not null references outbox (id) on delete cascade,
    fallnr    text    not null,
    rule      text    not null,
    subject   text    not null,
    cycle     text    not null,
    step      text    not null,
    role      text    not null,
    primary key (fallnr, rule, subject, cycle, step, role, outbox_id)
) without rowid;
