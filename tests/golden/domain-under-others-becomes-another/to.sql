create domain public.amount as numeric(10, 2);
create domain public.price as public.amount default 1 constraint positive check (value > 0);
create domain public.rebate as public.price not null;
create type public.offer as (price public.price, until date);
create table public.items (
  id integer primary key,
  price public.price default 3 check (price < 100),
  rebate public.rebate,
  before public.price[],
  offer public.offer
);
create index items_price on public.items (price);
create view public.prices as select price, rebate from public.items;
create function public.with_tax(price public.price) returns public.amount language sql as 'select price * 2';
