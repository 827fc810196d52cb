"""The soak of office life: nine offices of five kinds whose lines, servers, disks, tables and files get into trouble.

ground.py      the demo's river: connectors behind proxies, their memory and the deliveries on small disks
sight.py       what an operator sees meanwhile: metrics, the topic `notice`, `satudata status --json`
troubles.py    what every connector can meet: killed, stopped, its clock set wrong
databases.py   PostgreSQL and MariaDB: lines, servers, lost logs, altered tables
files.py       offices without a log: full disks, altered tables, broken deliveries
check.py       what must hold whenever all is at rest
"""
