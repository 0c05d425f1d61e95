#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""unread.py full|leaves tty|socket|tcp COMMAND...: COMMAND, whose standard output is one of these. full: nobody reads it,
and it has room for a part of a line. leaves: its reader goes after the first piece, without having read the rest.
Its exit status is COMMAND's."""

import os
import select
import socket
import subprocess
import sys
import tty


def ends(kind):
    if kind == "tty":
        reader, writer = os.openpty()
        tty.setraw(writer)
        return reader, writer
    if kind == "socket":
        return tuple(end.detach() for end in socket.socketpair())
    listener = socket.create_server(("127.0.0.1", 0))
    writer = socket.create_connection(listener.getsockname())
    return listener.accept()[0].detach(), writer.detach()


def fill(reader, writer):
    """A kworker passes on what is written to a terminal: on a busy machine there is room again after a while."""
    os.set_blocking(writer, False)
    while select.select([], [writer], [], 0.5)[1]:
        try:
            while True:
                os.write(writer, b"x" * 97)
        except BlockingIOError:
            pass
    os.set_blocking(writer, True)
    os.read(reader, 101)


def main():
    what, kind, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    reader, writer = ends(kind)
    if what == "full":
        fill(reader, writer)
    with subprocess.Popen(command, stdout=writer) as child:
        if what == "leaves":
            os.close(writer)
            os.read(reader, 1)
            os.close(reader)
    return child.returncode


sys.exit(main())
