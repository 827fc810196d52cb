"""Tables read by SELECT, over SQLAlchemy: the common ground of the kinds `sql_poll` and `sql_diff`.

source ──┬── desk        one session: the database's thread, the counter, the memory, the pace
         ├── passes      whole tables, or all keys: first, again, compared ── requests
         ├── polls       what a watermark shows as new ── marks
         │     └── reader      one table: its columns, what differs, what is due
         │           ├── plan        rows to ids, messages and digests ── types ── values
         │           ├── queries     the SELECTs ── catalog
         │           └── known       what the hub has, by record id and digest ── buckets
         └── inspection  what must be true at the source ── engine, options, schedule
"""
