-- Whether and when the orders of a product were paid: a row an order and product. Later refunds do not change that.
with successes as (
  select order_id, min(created_at) as paid_at
  from latest_transaction
  where status = 'success'
  group by order_id
)
select distinct
  f.order_id,
  f.product_id,
  f.customer_id,
  f.partition_date,
  s.paid_at is not null as is_paid,
  s.paid_at
from dwd_orders_variant_status as f
left join successes as s on s.order_id = f.order_id
