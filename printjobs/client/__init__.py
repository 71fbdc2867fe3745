"""The vendor's side of the web service: it takes batches and proves that it has them."""
