"""The least that could stand between sockets and a backend: it holds the sockets and posts each message, and sends back the answer.

Usage: relay.py PORT BACKEND_URL
"""

import sys

import aiohttp
from aiohttp import web

BACKEND = web.AppKey("backend", aiohttp.ClientSession)


async def _relay(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        async with request.app[BACKEND].post(sys.argv[2], data=message.data.encode()) as answer:
            await socket.send_str(await answer.text())
    return socket


async def _start(app: web.Application) -> None:
    app[BACKEND] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def _stop(app: web.Application) -> None:
    await app[BACKEND].close()


application = web.Application()
application.router.add_get("/", _relay)
application.on_startup.append(_start)
application.on_cleanup.append(_stop)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, backlog=4096)
