-- What was sold and paid for: lines of orders whose last status is a success.
select
  product_id,
  customer_id,
  partition_date,
  cast(sum(quantity) as bigint) as items,
  cast(sum(revenue) as bigint) as revenue
from dwd_orders_variant_status
where is_latest and order_status = 'success' and order_line_id is not null
group by product_id, customer_id, partition_date
