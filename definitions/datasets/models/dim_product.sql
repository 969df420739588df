-- Products and variants as they were last known. Those that were deleted stay: facts of former days name them.
select
  p.id as product_id,
  p.title as product_title,
  p.product_type,
  p.created_at as product_created_at,
  v.id as variant_id,
  v.title as variant_title,
  v.price,
  v.created_at as variant_created_at,
  v.updated_at,
  v.ingested_at
from latest_product as p
left join latest_variant as v on v.product_id = p.id
