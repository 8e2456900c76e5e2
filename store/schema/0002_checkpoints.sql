-- The state of a session's screen at an offset, so that the screen at any later one is reached by replaying a few MB,
-- and the lines that were on it are found by their numbers.

CREATE TABLE checkpoints (
    session_id TEXT NOT NULL,
    at_offset  INTEGER NOT NULL,                 -- bytes of output before it
    first_line INTEGER NOT NULL,                 -- number of the oldest line in it
    end_line   INTEGER NOT NULL,                 -- number behind the last line that was begun
    crc32      INTEGER NOT NULL,                 -- of blob
    blob       BLOB NOT NULL,                    -- made and read by the screen's emulator alone
    PRIMARY KEY (session_id, at_offset)
);
