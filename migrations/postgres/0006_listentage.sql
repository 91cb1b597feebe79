-- A column of a list may state several days of a case, and every one that it has stated is remembered: only so is it known
-- which of them it brought itself when it moves back again and again.
-- The file of the same name under sqlite/ says the same in SQLite's words.

alter table listentag drop constraint listentag_pkey;
alter table listentag add primary key (fallnr, source, spalte, datum);

-- The key of what was kept of such rows has the day in it as well.
drop trigger protokoll_bleibt on protokoll;
update protokoll set schluessel = cast(jsonb_insert(cast(schluessel as jsonb), '{-1}', cast(vorher as jsonb) -> 3, true) as text)
    where tabelle = 'listentag' and jsonb_array_length(cast(schluessel as jsonb)) = 3;
create trigger protokoll_bleibt before update on protokoll for each statement execute function bleibt();
