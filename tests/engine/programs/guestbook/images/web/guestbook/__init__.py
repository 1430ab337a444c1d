"""A guestbook: people leave entries, a worker greets each, and a job takes the old ones away."""
