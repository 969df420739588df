-- A row for each line and transaction of an order. A line of an order without a transaction has no status; an order
-- without lines has a row for each of its transactions. Transactions of no known order are not here.
with statuses as (
  select
    id,
    order_id,
    status,
    -- Of two at the same moment the greater content is the later one, so that the order of arrival never shows.
    row_number() over (partition by order_id order by _version desc, status desc, created_at desc, id desc) as from_last
  from latest_transaction
)
select
  o.id as order_id,
  o.processed_timestamp as order_processed_timestamp,
  o.customer_id,
  l.variant_id,
  v.product_id,
  s.status as order_status,
  l.quantity,
  l.revenue,
  cast(o.processed_timestamp as date) as partition_date,
  s.id as transaction_id,
  l.id as order_line_id,
  coalesce(s.from_last = 1, false) as is_latest
from latest_orders as o
left join latest_order_lines as l on l.order_id = o.id
left join statuses as s on s.order_id = o.id
left join latest_variant as v on v.id = l.variant_id
where l.id is not null or s.id is not null
