-- The time of a payment is not in the fact: where it alone changes, the fact stays as it is and this does not.
select cast(o.processed_timestamp as date) as partition_date
from latest_orders as o
where o.id in (select order_id from changed_transaction)
