# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""Reads which libraries an ELF file needs, and changes where it looks for them.

64-bit little-endian files only, which is what we build. No tool is needed.
"""

import struct

_NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29


class Elf:
    """The dynamic section of a file's bytes."""

    def __init__(self, data, name):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("%s is no 64-bit little-endian ELF file" % name)
        self.data = bytearray(data)
        (offset,) = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        loads, dynamic = [], None
        for i in range(count):
            kind, _, at, address, _, length = struct.unpack_from(
                "<IIQQQQ", data, offset + i * size)
            if kind == 1:
                loads.append((address, at, length))
            elif kind == 2:
                dynamic = (at, length)
        self.entries = []
        if dynamic is not None:
            for at in range(dynamic[0], sum(dynamic), 16):
                tag, value = struct.unpack_from("<QQ", data, at)
                if tag == 0:
                    break
                self.entries.append((tag, value))
        table = [value for tag, value in self.entries if tag == _STRTAB]
        self._strings = 0
        for address, at, length in loads:
            if table and address <= table[0] < address + length:
                self._strings = at + table[0] - address

    def _text(self, offset):
        begin = self._strings + offset
        return self.data[begin:self.data.index(b"\0", begin)].decode()

    def needed(self):
        """Names of the libraries it needs."""
        return [self._text(v) for tag, v in self.entries if tag == _NEEDED]

    def search_path(self):
        """Where it looks for them, or ""."""
        return ":".join(self._text(v) for tag, v in self.entries
                        if tag in (_RPATH, _RUNPATH))

    def set_search_path(self, path):
        """In place of the one it has, which must be as long at least; what is
        left of the old one is zeroed. Nothing for a file that has none."""
        used = [v for tag, v in self.entries if tag in (_NEEDED, _SONAME)]
        for tag, offset in self.entries:
            if tag not in (_RPATH, _RUNPATH):
                continue
            old = self._text(offset).encode()
            new = path.encode()
            if len(new) > len(old):
                raise ValueError("%r is longer than %r" % (new, old))
            if any(offset < v <= offset + len(old) for v in used):
                raise ValueError("%r shares its text with another name" % old)
            begin = self._strings + offset
            self.data[begin:begin + len(old)] = new.ljust(len(old), b"\0")
