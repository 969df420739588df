-- Payments of orders that nobody has told of. They are kept: an order may come weeks later, or never.
select
  t.id as transaction_id,
  t.order_id,
  t.status,
  t.created_at
from latest_transaction as t
left join latest_orders as o on o.id = t.order_id
where o.id is null
