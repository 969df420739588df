-- The dates of every order that a changed order, line or transaction touches, or a variant that was unknown until now
-- or has moved to another product; of a changed order both dates, that of before and that of now.
with variants as (
  select fresh.id
  from changed_variant as fresh
  left join changed_variant as earlier on earlier.id = fresh.id and earlier._old
  where not fresh._old and (earlier.id is null or earlier.product_id <> fresh.product_id)
),
touched as (
  select id as order_id from changed_orders
  union
  select order_id from changed_order_lines
  union
  select order_id from changed_transaction
  union
  select l.order_id
  from latest_order_lines as l
  join variants as v on v.id = l.variant_id
)
select cast(o.processed_timestamp as date) as partition_date
from latest_orders as o
join touched as t on t.order_id = o.id
union
select cast(processed_timestamp as date) as partition_date
from changed_orders
