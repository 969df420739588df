-- Versions whose price is another than that of the version before. The first one is no change.
with versions as (
  select
    id,
    product_id,
    price,
    updated_at,
    lag(price) over (partition by id order by _version) as old_price
  from latest_variant_history
)
select
  id as variant_id,
  product_id,
  old_price,
  price as new_price,
  updated_at as changed_at,
  cast(updated_at as date) as partition_date
from versions
where old_price <> price
