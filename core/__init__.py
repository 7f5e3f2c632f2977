"""The ground every other package stands on: settings, clock, stores, queue, identity, audit."""
