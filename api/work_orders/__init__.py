"""Work orders: the list, one with everything that belongs to it, and each step of the work.

Which step is allowed when is `plantroom.work_orders`; what is safe to repeat is `idempotency.py`.
"""
