-- A version that comes late changes the day of the next one, too: all days of a variant with a changed history.
select cast(h.updated_at as date) as partition_date
from latest_variant_history as h
where h.id in (select id from changed_variant_history)
union
select cast(updated_at as date) as partition_date
from changed_variant_history
