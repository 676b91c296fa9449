"""The shop's middle tier: it asks the database for what it shows, and keeps nothing itself."""

import html
import os
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2


def ask(query, *values):
    """Runs one statement in a transaction of its own and returns its rows."""
    connection = psycopg2.connect(os.environ["DATABASE"], connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()
    finally:
        connection.close()


def page():
    goods = ask("select id, name, stock from goods order by id")
    orders = ask("select o.id, g.name, o.at::timestamp(0) from orders o join goods g on g.id = o.good order by o.id desc limit 10")
    rows = "".join(
        f"<li>{html.escape(name)}, {stock} left <form method=post action=/orders style='display:inline'>"
        f"<button name=good value={id}>Buy</button></form>"
        for id, name, stock in goods
    )
    bought = "".join(f"<li>#{id} {html.escape(name)}, {at}" for id, name, at in orders)
    return f"<!doctype html><title>Shop</title><h1>Shop</h1><ul>{rows}</ul><h2>Bought last</h2><ul>{bought}</ul>\n"


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            self.serve(lambda: f"{ask('select count(*) from goods')[0][0]} goods\n", "text/plain")
        elif self.path == "/":
            self.serve(page, "text/html")
        else:
            self.answer(404, "There is no such page.\n", "text/plain")

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), 1000)
        good = urllib.parse.parse_qs(self.rfile.read(length).decode()).get("good", ["1"])[0]
        if self.path != "/orders" or not good.isdigit():
            return self.answer(400, "Nothing was bought.\n", "text/plain")
        # One statement takes from the stock and writes the order, or does neither.
        buy = "with taken as (update goods set stock = stock - 1 where id = %s and stock > 0 returning id)"
        self.serve(lambda: f"order {ask(buy + ' insert into orders (good) select id from taken returning id', good)[0][0]}\n", "text/plain")

    def serve(self, make, kind):
        try:
            self.answer(200, make(), kind)
        except psycopg2.Error as error:
            self.answer(503, f"The database does not answer: {error}\n", "text/plain")
        except IndexError:
            self.answer(409, "Sold out.\n", "text/plain")

    def answer(self, status, text, kind):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Shop).serve_forever()
