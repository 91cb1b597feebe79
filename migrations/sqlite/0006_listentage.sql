-- A column of a list may state several days of a case, and every one that it has stated is remembered: only so is it known
-- which of them it brought itself when it moves back again and again.
-- The file of the same name under postgres/ says the same in PostgreSQL's words.

create table listentag_neu (
    fallnr text    not null,
    source text    not null,
    spalte text    not null,                      -- the heading, as it is compared
    art    text    not null,
    datum  date    not null,
    eigen  boolean not null,                      -- whether the activity came from this column and nobody else has stated it
    vorgang integer not null default 0,           -- what last wrote it
    primary key (fallnr, source, spalte, datum)
) without rowid;
insert into listentag_neu (fallnr, source, spalte, art, datum, eigen, vorgang)
    select fallnr, source, spalte, art, datum, eigen, vorgang from listentag;
drop table listentag;
alter table listentag_neu rename to listentag;

-- The key of what was kept of such rows has the day in it as well.
drop trigger protokoll_bleibt;
update protokoll set schluessel = json_insert(schluessel, '$[#]', vorher ->> 3)
    where tabelle = 'listentag' and json_array_length(schluessel) = 3;
create trigger protokoll_bleibt before update on protokoll
begin select raise(abort, 'protokoll: append only'); end;
