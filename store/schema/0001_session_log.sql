-- Sessions, their output in chunks, and their resizes. Chunks name their session by text and without a foreign key:
-- output must never fail to be stored because a record is not there yet.

CREATE TABLE sessions (
    session_id          TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    argv                TEXT NOT NULL,           -- JSON list of texts
    cwd                 TEXT NOT NULL,
    cols                INTEGER NOT NULL,
    rows                INTEGER NOT NULL,
    created_at          REAL NOT NULL,           -- times: seconds since the epoch
    last_activity_at    REAL NOT NULL,
    pid                 INTEGER,
    pid_started         REAL,                    -- seconds after boot
    boot_id             TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('running', 'dead', 'ended', 'expired')),
    exit_code           INTEGER,
    exit_signal         INTEGER,
    ended_at            REAL,
    end_reason          TEXT,
    linger_s            REAL,                    -- NULL: never
    idle_expiry_s       REAL,                    -- NULL: never
    previous_session_id TEXT
);

CREATE TABLE chunks (
    session_id   TEXT NOT NULL,
    first_offset INTEGER NOT NULL,               -- bytes of output before it
    raw_length   INTEGER NOT NULL CHECK (raw_length > 0),
    codec        INTEGER NOT NULL,               -- 0: as it is, 1: zstd
    stored_bytes INTEGER NOT NULL,               -- length of blob; beside it, so that planning reads no blob
    crc32        INTEGER NOT NULL,               -- of blob
    lines        INTEGER NOT NULL,               -- line feeds
    cols         INTEGER NOT NULL,               -- size in force at first_offset
    rows         INTEGER NOT NULL,
    started_at   REAL NOT NULL,
    ended_at     REAL NOT NULL,
    times        BLOB NOT NULL,                  -- packed marks, store/output_times.py
    blob         BLOB NOT NULL,
    PRIMARY KEY (session_id, first_offset)
);

CREATE TABLE resizes (
    session_id TEXT NOT NULL,
    at_offset  INTEGER NOT NULL,                 -- bytes of output before it
    at         REAL NOT NULL,
    cols       INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    PRIMARY KEY (session_id, at_offset, at)
) WITHOUT ROWID;

-- A commit that changes nothing syncs nothing: one that must reach the disk and has no other news writes this row.
CREATE TABLE sync_point (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at REAL NOT NULL
);
