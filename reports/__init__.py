"""Papers: frozen plain data in, PDF bytes out. No Qt, no SQL, no clock."""
