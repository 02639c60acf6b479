"""Inspectors' work (质检): talks drawn by a plan, scored on a form, appealed, compared.

    sampling ─▶ Inspection OPEN ─ save, submit ─▶ DONE ─ appeal ─▶ APPEALED ─ settle ─▶ SETTLED

What rules found by themselves is `recordings.quality`; here people listen.
"""
