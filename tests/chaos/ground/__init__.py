"""The ground alone under fire: outbox, relay, queue, worker, reconciler and both stores, without a city."""
