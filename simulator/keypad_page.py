"""A synthetic keypad for people who have no vehicle in front of them: ``/keypad/{vehicleCode}``."""

import asyncio
import contextlib
import html
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
import uvicorn

from simulator.vehicles.keypad import TRIES
from simulator.vehicles.vehicle import Vehicle
from simulator.world import World

type Scope = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Mapping[str, Any]]]
type Send = Callable[[Mapping[str, Any]], Awaitable[None]]

LONGEST_BODY = 256
_SECURITY = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
     b" connect-src 'self'"),
]  # fmt: skip


class _Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class KeypadApp:
    """ASGI application: the page, and what the vehicle answers to a typed code."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path = [unquote(part) for part in scope["path"].split("/") if part]
        if scope["method"] == "GET" and path == ["health", "live"]:
            await _answer(send, 200, b"{}", b"application/json")
        elif path == ["keypad"] or not path:
            await _answer(send, 200, _list_page(self._world))
        elif len(path) == 2 and path[0] == "keypad":
            vehicle = self._world.vehicle(path[1])
            if vehicle is None:
                await _answer(send, 404, _page("", "没有这辆车 / No such vehicle"))
            elif scope["method"] == "POST":
                await self._typed(path[1], receive, send)
            else:
                await _answer(send, 200, _page(path[1], _where(vehicle)))
        else:
            await _answer(send, 404, _page("", "没有这一页 / No such page"))

    async def _typed(self, vehicle_code: str, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        try:
            code = msgspec.json.decode(body, type=_Typed).code
        except msgspec.DecodeError:
            code = ""
        if len(code) != 6 or not code.isascii() or not code.isdigit():
            await _answer(send, 400, b'{"result":"not_six_digits"}', b"application/json")
            return
        answer = self._world.type_code(vehicle_code, code)
        if answer is None:
            await _answer(send, 503, b'{"result":"not_ready"}', b"application/json")
            return
        shown = {
            "result": answer.result,
            "compartment": answer.compartment,
            "triesLeft": max(0, TRIES - answer.tries) if answer.result in ("wrong", "locked") else None,
        }
        await _answer(send, 200, json.dumps(shown).encode(), b"application/json")


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class KeypadServer:
    """Serves the keypads on a loopback port until told to stop."""

    def __init__(self, world: World, host: str, port: int) -> None:
        config = uvicorn.Config(
            KeypadApp(world), host=host, port=port, log_level="warning", lifespan="off", ws="none"
        )
        self._server = _Quiet(config)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop``."""
        serving = asyncio.create_task(self._server.serve())
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        self._server.should_exit = True
        waiting.cancel()
        await serving


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= LONGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[: LONGEST_BODY + 1]


async def _answer(
    send: Send, status: int, body: bytes, content_type: bytes = b"text/html; charset=utf-8"
) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *_SECURITY]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _at_handover(vehicle: Vehicle) -> bool:
    task = vehicle.memory.task
    return task is not None and task.phase == "at_stop" and task.stop.kind == "handover"


def _holds_sales(vehicle: Vehicle) -> bool:
    return bool(vehicle.memory.sales) and vehicle.speed_mps == 0


def _where(vehicle: Vehicle) -> str:
    if _at_handover(vehicle):
        return "等待取件 / waiting for the recipient"
    if _holds_sales(vehicle):
        return "等待取货 / waiting for somebody who reserved goods"
    return "行驶中或空闲,没有可取的货物 / driving or idle, nothing to collect"


def _list_page(world: World) -> bytes:
    waiting = [one.given.code for one in world.vehicles.values() if _at_handover(one) or _holds_sales(one)]
    items = "".join(
        f'<li><a href="/keypad/{html.escape(code)}">{html.escape(code)}</a></li>' for code in sorted(waiting)
    )
    return _shell(
        f"<p>等待取件的车辆 / vehicles that wait for a recipient: {len(waiting)}</p><ul>{items}</ul>"
    )


def _page(code: str, where: str) -> bytes:
    if not code:
        return _shell(f"<p role=alert>{html.escape(where)}</p>")
    keys = "".join(f'<button type=button data-key="{k}">{k}</button>' for k in "123456789")
    return _shell(
        f"<h1>{html.escape(code)}</h1><p>{html.escape(where)}</p>"
        '<form id=pad><output id=shown aria-live=polite aria-label="取件码 pickup code">——————</output>'
        f"<div class=keys>{keys}"
        '<button type=button data-key="C" aria-label="清除 clear">C</button>'
        "<button type=button data-key=0>0</button>"
        '<button type=submit aria-label="确认 enter">⏎</button></div></form>'
        "<p id=answer role=status></p>"
        "<script>" + _SCRIPT + "</script>"
    )


def _shell(body: str) -> bytes:
    return (
        "<!doctype html><html lang=zh><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        "<title>模拟键盘 · Simulated keypad</title><style>" + _STYLE + "</style>"
        "<p class=mark>模拟 / SIMULATED</p>" + body + "</html>"
    ).encode()


_STYLE = """
body{font:18px system-ui,"Noto Sans CJK SC",sans-serif;max-width:22rem;margin:1rem auto;padding:0 1rem;
background:#10151c;color:#e8edf3}h1{font-size:1.3rem}a{color:#8ec5ff}
.mark{background:#f5b301;color:#111;text-align:center;font-weight:700;padding:.3rem;border-radius:.4rem}
output{display:block;font:2.2rem monospace;letter-spacing:.4rem;text-align:center;margin:1rem 0}
.keys{display:grid;grid-template-columns:repeat(3,1fr);gap:.6rem}
button{font-size:1.5rem;min-height:3.4rem;border:0;border-radius:.6rem;background:#2a3442;color:inherit}
button:focus-visible{outline:3px solid #8ec5ff}#answer{min-height:3rem;text-align:center}
"""
_SCRIPT = """
const shown=document.getElementById('shown'),answer=document.getElementById('answer');let code='';
const draw=()=>{shown.value=(code+'\\u2014\\u2014\\u2014\\u2014\\u2014\\u2014').slice(0,6)};
const words={opened:r=>`${r.compartment} 号柜门已打开 / compartment ${r.compartment} is open`,
wrong:r=>`取件码错误,还可试 ${r.triesLeft} 次 / wrong code, ${r.triesLeft} tries left`,
locked:()=>'已锁定,请获取新的取件码 / locked, ask for a fresh code',
nothing_here:()=>'没有可取的货物 / nothing to collect here',open_already:()=>'柜门已打开 / already open',
not_six_digits:()=>'请输入 6 位数字 / type six digits',not_ready:()=>'车辆未就绪 / not ready'};
const type=k=>{if(k==='C')code='';else if(code.length<6)code+=k;draw()};
document.querySelectorAll('[data-key]').forEach(b=>b.onclick=()=>type(b.dataset.key));
addEventListener('keydown',e=>{if(/^[0-9]$/.test(e.key))type(e.key);else if(e.key==='Backspace')type('C')});
document.getElementById('pad').onsubmit=async e=>{e.preventDefault();
const r=await fetch(location.pathname,{method:'POST',headers:{'content-type':'application/json'},
body:JSON.stringify({code})}).then(a=>a.json()).catch(()=>({result:'not_ready'}));
answer.textContent=words[r.result](r);code='';draw()};draw();
"""
