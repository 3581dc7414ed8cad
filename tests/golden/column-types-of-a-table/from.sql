create table public.kinds (id integer primary key, code varchar(10) unique);
create table public.items (
  id integer primary key,
  kind integer references public.kinds,
  code varchar(10) default 'x' not null references public.kinds (code),
  price numeric(10, 2) check (price > 0),
  weight integer default 1,
  doubled integer generated always as (weight * 2) stored,
  data json,
  unread text
);
create index items_code on public.items (code);
create view public.prices as select code, price from public.items;
