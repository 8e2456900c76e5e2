"""The client library, and the terminal end of an attachment."""
