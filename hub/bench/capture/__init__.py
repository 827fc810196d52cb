"""`bench capture`: an office's database to Kafka, ours beside Debezium Server, on the same servers in one run.

office.py       the database under capture: its table, its load, who is streaming from it
contenders.py   ours and the peer, as processes that can be begun, drained and stopped
arrivals.py     what reached a topic: when the first and the last row came, and how long each took
run.py          the four figures: inserts, updates, snapshot, latency
"""
