-- What the lines of known orders come to.
select
  cast(o.processed_timestamp as date) as partition_date,
  sum(l.revenue) as value
from latest_order_lines as l
join latest_orders as o on o.id = l.order_id
group by cast(o.processed_timestamp as date)
