create table public.users (id bigint primary key, name text not null, secret text);
create view public.people as select id, secret from public.users;
create view public.ids as select id from public.people;
comment on view public.people is 'who there is';
grant select on public.people to reader;
alter view public.people alter column id set default 0;
create rule kept as on delete to public.people do instead nothing;
create view public.named as select name from public.users where secret <> '';
