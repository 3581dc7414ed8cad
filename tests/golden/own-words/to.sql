create schema shop;
set search_path = shop, public;

create table orders (
  id int primary key,
  customer text not null,
  cents int not null,
  paid_at timestamptz
);

create type money_range as enum ('small', 'large');

create or replace function size_of(o orders) returns money_range
language sql stable
as $size$
  -- Everything from 100 on is large.
  select case when o.cents >= 100 * 100 then 'large' else 'small' end::shop.money_range;
$size$;

-- Not of the statement.
create view unpaid as
with open as (            -- found before any table of that name
  select o.id, o.customer, o.cents
    from orders o
   where o.paid_at is null
)
select id,
       customer,
       cents / 100.0 as amount,   /* in euros */
       exists (select 1 from orders p where p.customer = open.customer and p.paid_at is not null) as has_paid
  from open;

create or replace view everything as select * from orders;

create materialized view if not exists totals as
  select customer, sum(cents) as cents, size_of(o) as size
    from orders o
   group by customer, size_of(o);

create function mark_paid() returns trigger language plpgsql as '
begin
  new.paid_at := coalesce(new.paid_at, now()); -- ''now'' is good enough
  return new;
end';

create trigger orders_paid
  before update on orders
  for each row when (old.* is distinct from new.*)
  execute procedure mark_paid();

alter table orders enable row level security;
create policy own_orders on orders
  for select
  using (
    customer = current_user   -- nobody else's
    and size_of(orders) = 'small'
  );

create policy written_anyhow on orders to pg_write_all_data, pg_read_all_data using (true);
create view paid with (security_barrier, check_option = local) as select id from orders where paid_at is not null;

create rule keep as on delete to orders do instead nothing;  -- nothing is deleted

create function add_cents(total bigint, o orders) returns bigint language sql immutable
return total + (o).cents;

create aggregate cents_of(orders) (  -- one argument, a row
  sfunc = add_cents, stype = bigint, initcond = '0'
);
