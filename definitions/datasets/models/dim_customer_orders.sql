select customer_id, id as order_id
from latest_orders
