create domain public.count as integer;
create domain public.few as public.count;
create type public.box as (length public.few, label text);
create type public.crate as (box public.box, number integer);
create table public.stock (
  id integer primary key,
  count public.count,
  crate public.crate,
  counts public.count[] default '{1}'
);
create view public.boxes as select (crate).box from public.stock;
