-- migrate:down

-- LOCK: reads and writes of public.notes wait until the migration is committed.
DROP POLICY known ON public.notes;

DROP RULE watched ON public.notes;

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY writers ON public.users;

-- LOCK: reads and writes of public.names wait until the migration is committed.
DROP VIEW public.names;

-- LOCK: reads and writes of public.owners wait until the migration is committed.
DROP VIEW public.owners;

-- LOCK: reads and writes of public.owned wait until the migration is committed.
DROP VIEW public.owned;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.notes, public.notes_0 wait until the migration is committed.
DROP TABLE public.notes;

CREATE TABLE public.notes (
  id    bigint NOT NULL,
  owner text   NOT NULL,
  body  text,
  CONSTRAINT notes_pkey PRIMARY KEY (id)
);

ALTER TABLE public.notes
  ENABLE ROW LEVEL SECURITY;

-- ROWS: fails if a value does not fit into integer.
-- REWRITE: every row of public.users is rewritten under the lock.
-- ONLINE: add a column of the new type, fill it, and let it take the old one's place in later migrations.
ALTER TABLE public.users
  ALTER COLUMN number TYPE integer;

create view public.names as select number, name from public.users;

create view public.owned as select id, owner from public.notes;

create view public.owners as select owner from public.owned;

create rule named as on insert to public.names do instead insert into public.notes (id, owner) values (new.number, new.name);

create rule watched as on delete to public.notes do also select from public.owners;

create rule noted as on insert to public.owned do instead insert into public.notes (id, owner) values (new.id, new.owner);

create policy known on public.notes for select using (exists (select from public.owners where owners.owner = notes.owner));

create policy own on public.notes using (owner = current_user);

create policy writers on public.users for select using (exists (select from public.notes where notes.owner = users.name));
