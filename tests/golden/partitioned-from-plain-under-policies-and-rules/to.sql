create table public.notes (id bigint primary key, owner text not null, body text) partition by hash (id);
create table public.notes_0 partition of public.notes for values with (modulus 1, remainder 0);
create view public.owned as select id, owner from public.notes;
create view public.owners as select owner from public.owned;
alter table public.notes enable row level security;
create policy own on public.notes using (owner = current_user);
create policy known on public.notes for select using (exists (select from public.owners where owners.owner = notes.owner));
create rule noted as on insert to public.owned do instead insert into public.notes (id, owner) values (new.id, new.owner);
create rule watched as on delete to public.notes do also select from public.owners;

create table public.users (number bigint, name text);
create view public.names as select number, name from public.users;
alter table public.users enable row level security;
create policy writers on public.users for select using (exists (select from public.notes where notes.owner = users.name));
create rule named as on insert to public.names do instead insert into public.notes (id, owner) values (new.number, new.name);
