create table public.kinds (id bigint primary key, code text unique);
create table public.items (
  id bigint primary key,
  kind bigint references public.kinds,
  code text default 'y' not null references public.kinds (code),
  price numeric(8, 1) check (price > 0),
  weight bigint default 1,
  doubled bigint generated always as (weight * 2) stored,
  data jsonb,
  unread text
);
create index items_code on public.items (code);
create view public.prices as select code, price from public.items;
