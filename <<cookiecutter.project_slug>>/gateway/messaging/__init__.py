"""Sending over (connection id, callback URL) pairs. Knows neither the database nor its rows.

delivery.py  what became of a message          encoding.py  a message as bytes, and what is no message
fan_out.py   to many recipients at once        engine.py    which call leaves next, on the event loop
endpoint.py  one management API over aiohttp   closing.py   say goodbye, then close
verdict.py   what an answer means (pure)       pace.py      how fast (pure)
sigv4.py     AWS's signature (pure)            lanes.py     per-connection order (pure)
loop.py      one event loop in a thread of its own
"""
