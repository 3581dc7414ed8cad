-- migrate:up

CREATE TYPE shop.money_range AS ENUM (
  'small',
  'large'
);

-- LOCK: reads and writes of shop.orders wait until the migration is committed.
ALTER TABLE shop.orders
  ENABLE ROW LEVEL SECURITY;

create or replace function shop.add_cents(total bigint, o shop.orders) returns bigint language sql immutable
return total + (o).cents;

create or replace function shop.mark_paid() returns trigger language plpgsql as '
begin
  new.paid_at := coalesce(new.paid_at, now()); -- ''now'' is good enough
  return new;
end';

create or replace function shop.size_of(o shop.orders) returns shop.money_range
language sql stable
as $size$
  -- Everything from 100 on is large.
  select case when o.cents >= 100 * 100 then 'large' else 'small' end::shop.money_range;
$size$;

create aggregate shop.cents_of(shop.orders) (  -- one argument, a row
  sfunc = shop.add_cents, stype = bigint, initcond = '0'
);

-- SECURITY: whoever may read shop.everything sees rows of shop.orders that policies keep back from them.
CREATE VIEW shop.everything AS
 SELECT id,
    customer,
    cents,
    paid_at
   FROM shop.orders;

-- SECURITY: whoever may read shop.paid sees rows of shop.orders that policies keep back from them.
create view shop.paid with (security_barrier, check_option = local) as select id from shop.orders where paid_at is not null;

-- SECURITY: whoever may read shop.unpaid sees rows of shop.orders that policies keep back from them.
-- LOCK: reads and writes of shop.unpaid wait until the migration is committed.
create or replace view shop.unpaid as
with open as (            -- found before any table of that name
  select o.id, o.customer, o.cents
    from shop.orders o
   where o.paid_at is null
)
select id,
       customer,
       cents / 100.0 as amount,   /* in euros */
       exists (select 1 from shop.orders p where p.customer = open.customer and p.paid_at is not null) as has_paid
  from open;

create rule keep as on delete to shop.orders do instead nothing;

create trigger orders_paid
  before update on shop.orders
  for each row when (old.* is distinct from new.*)
  execute procedure shop.mark_paid();

create policy own_orders on shop.orders
  for select
  using (
    customer = current_user   -- nobody else's
    and shop.size_of(orders) = 'small'
  );

create policy written_anyhow on shop.orders to pg_write_all_data, pg_read_all_data using (true);

-- SECURITY: whoever may read shop.totals sees rows of shop.orders that policies keep back from them.
create materialized view shop.totals as
  select customer, sum(cents) as cents, shop.size_of(o) as size
    from shop.orders o
   group by customer, shop.size_of(o);
