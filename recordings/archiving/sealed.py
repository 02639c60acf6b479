"""A shelf whose files are encrypted: each with a key of its own, in blocks that can be searched.

    magic 8 | file id 16 | slot 68 | slot 68 | block 0 | block 1 | … | last block
    slot:  master key's id 8 | nonce 12 | the file's key, wrapped 48         (AES-256-GCM)
    block: up to 65536 bytes and a tag of 16                                 (AES-256-GCM)

Each block is bound to the file's name and id, to its number and to whether it is the last: bits
that flip, blocks that change places or come from elsewhere, files that are cut, grow or take each
other's place are refused (`Tampered`). The last block is read at each opening, so a size that is
told is a size that was proved.

A new master key is written into the slot that is not in use, then the other one is emptied: killed
in between, the file can be read by either. Its blocks are never touched.

A sealed file's key ends with `.sealed`; any other was there before there was encryption and is
read as it is. That the database says which it is keeps a plain file from taking a sealed one's
place.
"""

import io
import os
import secrets
import struct
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from foundation.errors import Conflict
from recordings.archiving.archive import Shelf
from recordings.archiving.blocks import BlockFile
from recordings.archiving.master_keys import ID_BYTES, KEY_BYTES, KeyFile, KeyMissing, MasterKey

SUFFIX = ".sealed"
MAGIC = b"CCSEAL1\n"
BLOCK_BYTES = 64 * 1024
"What is decrypted to read one byte: 20 µs; a second of FLAC is 10 to 20 KB."
TAG_BYTES = 16
NONCE_BYTES = 12
FILE_ID_BYTES = 16
_SLOT = struct.Struct(f"{ID_BYTES}s{NONCE_BYTES}s{KEY_BYTES + TAG_BYTES}s")
_SLOTS_AT = len(MAGIC) + FILE_ID_BYTES
_SLOT_COUNT = 2
HEAD_BYTES = _SLOTS_AT + _SLOT_COUNT * _SLOT.size
_EMPTY = bytes(_SLOT.size)
_SEALED_BLOCK = BLOCK_BYTES + TAG_BYTES


class Tampered(Conflict):
    """The file is not what was put on the shelf."""


@dataclass(frozen=True, slots=True)
class _Head:
    file_id: bytes
    slots: tuple[bytes, ...]


class SealedShelf:
    """Over any shelf."""

    def __init__(self, shelf: Shelf, keys: KeyFile, *, seals: bool = True) -> None:
        """`seals`: False leaves new files as they are; sealed ones are read all the same."""
        self._shelf = shelf
        self._keys = keys
        self._seals = seals

    def put(self, path: Path) -> str:
        if not self._seals:
            return self._shelf.put(path)
        sealed = path.with_name(path.name + SUFFIX)
        with path.open("rb") as plain, sealed.open("wb") as file:
            _seal(plain, file, sealed.name, self._keys.newest())
        key = self._shelf.put(sealed)
        path.unlink()
        return key

    def open(self, key: str) -> BinaryIO:
        """Raises `Tampered` too, and so may each reading; and `KeyMissing`."""
        file = self._shelf.open(key)
        if not key.endswith(SUFFIX):
            return file
        with ExitStack() as on_failure:
            on_failure.callback(file.close)
            opened = SealedFile(file, _name_of(key), self._keys)
            on_failure.pop_all()
        return cast(BinaryIO, io.BufferedReader(opened, BLOCK_BYTES))

    def delete(self, key: str) -> None:
        self._shelf.delete(key)

    def all_keys(self) -> list[str]:
        return self._shelf.all_keys()

    def patch(self, key: str, *changes: tuple[int, bytes]) -> None:
        self._shelf.patch(key, *changes)

    def rewrap(self, key: str) -> bool:
        """Wrap the file's key with the newest master key; False when it is already, or when the
        file is not sealed. Raises as `open`."""
        if not key.endswith(SUFFIX):
            return False
        newest = self._keys.newest()
        with self._shelf.open(key) as file:
            head = _read_head(file, _name_of(key))
        used, data_key = _unwrap(head, _name_of(key), self._keys)
        other = _SLOT_COUNT - 1 - used
        if head.slots[used].startswith(newest.key_id):
            if head.slots[other] != _EMPTY:  # killed before it was emptied
                self._shelf.patch(key, (_slot_at(other), _EMPTY))
            return False
        wrapped = _wrap(data_key, head.file_id, newest)
        self._shelf.patch(key, (_slot_at(other), wrapped), (_slot_at(used), _EMPTY))
        return True


class SealedFile(BlockFile):
    """The plain bytes of a sealed file; closes it."""

    def __init__(self, file: BinaryIO, name: str, keys: KeyFile) -> None:
        super().__init__(BLOCK_BYTES)
        self._file = file
        self._name = name
        head = _read_head(file, name)
        _, data_key = _unwrap(head, name, keys)
        self._bound_to = head.file_id
        self._cipher = AESGCM(data_key)
        held = file.seek(0, os.SEEK_END) - HEAD_BYTES
        self._blocks = -(-held // _SEALED_BLOCK)
        self._size = held - self._blocks * TAG_BYTES
        self._known = (-1, b"")
        "Number and contents of the block that was read last."
        if held < TAG_BYTES or self._size < 0:
            raise Tampered(f"{name} was cut: it has no whole block")
        self._block(self._blocks - 1)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _block(self, number: int) -> bytes:
        if self._known[0] != number:
            self._file.seek(HEAD_BYTES + number * _SEALED_BLOCK)
            sealed = self._file.read(_SEALED_BLOCK)
            is_last = number == self._blocks - 1
            bound_to = _bound_to(self._bound_to, number, is_last, self._name)
            try:
                plain = self._cipher.decrypt(_nonce(self._bound_to, number), sealed, bound_to)
            except (InvalidTag, ValueError):
                raise Tampered(f"{self._name} was changed or cut at block {number}") from None
            self._known = (number, plain)
        return self._known[1]


def _seal(plain: BinaryIO, file: BinaryIO, name: str, master: MasterKey) -> None:
    file_id, data_key = secrets.token_bytes(FILE_ID_BYTES), secrets.token_bytes(KEY_BYTES)
    file.write(MAGIC + file_id + _wrap(data_key, file_id, master) + _EMPTY)
    cipher, number = AESGCM(data_key), 0
    block = plain.read(BLOCK_BYTES)
    while True:
        following = plain.read(BLOCK_BYTES)
        bound_to = _bound_to(file_id, number, not following, name)
        file.write(cipher.encrypt(_nonce(file_id, number), block, bound_to))
        if not following:
            return
        block, number = following, number + 1


def _wrap(data_key: bytes, file_id: bytes, master: MasterKey) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    bound_to = MAGIC + file_id + master.key_id
    return _SLOT.pack(master.key_id, nonce, AESGCM(master.key).encrypt(nonce, data_key, bound_to))


def _unwrap(head: _Head, name: str, keys: KeyFile) -> tuple[int, bytes]:
    """The number of the slot that is in use, and the file's key. A slot that was torn by a kill
    is as good as empty when the other is whole."""
    problem: Conflict = Tampered(f"{name} has no key in its head")
    for number, slot in enumerate(head.slots):
        if slot == _EMPTY:
            continue
        key_id, nonce, wrapped = _SLOT.unpack(slot)
        try:
            master = keys.get(key_id)
            bound_to = MAGIC + head.file_id + key_id
            return number, AESGCM(master.key).decrypt(nonce, wrapped, bound_to)
        except KeyMissing as error:
            problem = error
        except InvalidTag:
            problem = Tampered(f"the key in the head of {name} was changed")
    raise problem


def _read_head(file: BinaryIO, name: str) -> _Head:
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
        raise Tampered(f"{name} does not begin like a sealed file")
    slots = tuple(head[_slot_at(number) : _slot_at(number + 1)] for number in range(_SLOT_COUNT))
    return _Head(head[len(MAGIC) : _SLOTS_AT], slots)


def _slot_at(number: int) -> int:
    return _SLOTS_AT + number * _SLOT.size


def _nonce(file_id: bytes, number: int) -> bytes:
    """Never twice with one key: each file has a key of its own."""
    return file_id[: NONCE_BYTES - 4] + number.to_bytes(4, "big")


def _bound_to(file_id: bytes, number: int, is_last: bool, name: str) -> bytes:
    return MAGIC + file_id + number.to_bytes(4, "big") + bytes([is_last]) + name.encode()


def _name_of(key: str) -> str:
    return key.rpartition("/")[2]
