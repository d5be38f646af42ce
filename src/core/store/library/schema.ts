/** library.db, the truth. One string a migration; a landed one is never edited, only followed. */

const first = `
CREATE TABLE sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('folder', 'file', 'uploads')),
  path TEXT NOT NULL UNIQUE,
  connected INTEGER NOT NULL DEFAULT 1,
  added_at TEXT NOT NULL
) STRICT;

CREATE TABLE documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL REFERENCES sources (id),
  rel_path TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  folder TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT,
  date TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  metadata TEXT NOT NULL DEFAULT '{}',
  -- The bytes its text and chunks came from; NULL until read.
  sha256 TEXT,
  -- Name of the managed copy of an uploaded file; NULL for a linked one.
  stored_sha256 TEXT,
  size INTEGER NOT NULL,
  mtime_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  pages INTEGER,
  chunks INTEGER NOT NULL DEFAULT 0,
  added_at TEXT NOT NULL,
  removed_at TEXT,
  status_before TEXT
) STRICT;
CREATE INDEX documents_source ON documents (source_id, rel_path);
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE INDEX documents_status ON documents (status);
CREATE INDEX documents_folder ON documents (folder);

CREATE TABLE texts (
  sha256 TEXT PRIMARY KEY,
  extractor TEXT NOT NULL,
  chars INTEGER NOT NULL,
  compressed BLOB NOT NULL
) STRICT;

-- One row a document that waits or is being read. attempts counts the times it was taken: a file that kills twice is poison.
CREATE TABLE jobs (
  document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
  priority INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_order ON jobs (running, priority, document_id);

-- What the person removed: its folder must not bring it back.
CREATE TABLE exclusions (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE history (query TEXT PRIMARY KEY, used_at TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- A chunking with one model's vectors over it: the pair of derived files that search can answer from.
CREATE TABLE targets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL CHECK (state IN ('ready', 'building', 'paused', 'failed')),
  model_id TEXT NOT NULL,
  space TEXT NOT NULL,
  space_fields TEXT NOT NULL,
  dimensions INTEGER NOT NULL,
  chunking TEXT NOT NULL,
  chunking_id TEXT NOT NULL,
  index_file TEXT NOT NULL,
  vectors_file TEXT NOT NULL,
  error TEXT,
  created_at TEXT NOT NULL
) STRICT;

-- Switching is an update of this one row.
CREATE TABLE live (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  target_id INTEGER NOT NULL REFERENCES targets (id),
  generation INTEGER NOT NULL
) STRICT;

CREATE VIRTUAL TABLE names USING fts5 (name, title, content='', contentless_delete=1, tokenize="ascii tokenchars '_.+#-@'");
INSERT INTO names (names, rank) VALUES ('secure-delete', 1);
`

/**
 * A built index may wait for the person, the one that answered before is kept, and a target says by which recipe it was
 * cut. SQLite cannot change a CHECK, so both tables are made anew.
 */
const formerIndex = `
CREATE TABLE targets_next (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL CHECK (state IN ('ready', 'building', 'paused', 'failed', 'complete')),
  model_id TEXT NOT NULL,
  space TEXT NOT NULL,
  space_fields TEXT NOT NULL,
  dimensions INTEGER NOT NULL,
  chunking TEXT NOT NULL,
  chunking_id TEXT NOT NULL,
  -- Every field of what decides how text is cut; '{}' in rows older than this column.
  recipe TEXT NOT NULL DEFAULT '{}',
  index_file TEXT NOT NULL,
  vectors_file TEXT NOT NULL,
  error TEXT,
  error_code TEXT,
  -- 1: every vector is made anew, none is taken from another file.
  fresh INTEGER NOT NULL DEFAULT 0,
  -- Chunks whose vector was there already.
  reused INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL
) STRICT;
INSERT INTO targets_next (id, state, model_id, space, space_fields, dimensions, chunking, chunking_id, index_file, vectors_file, error, created_at)
  SELECT id, state, model_id, space, space_fields, dimensions, chunking, chunking_id, index_file, vectors_file, error, created_at FROM targets;
-- Ids are never given twice, not even those of rows that are gone.
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'targets_next', seq FROM sqlite_sequence WHERE name = 'targets' AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'targets_next');
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'targets')
  WHERE name = 'targets_next' AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'targets');

-- Switching, and going back, is an update of this one row.
CREATE TABLE live_next (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  target_id INTEGER NOT NULL REFERENCES targets_next (id),
  former_id INTEGER REFERENCES targets_next (id),
  generation INTEGER NOT NULL,
  -- 1: texts the library wants may be missing from the live index; the indexer catches up and says when it has.
  behind INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO live_next (id, target_id, generation) SELECT id, target_id, generation FROM live;

DROP TABLE live;
DROP TABLE targets;
ALTER TABLE targets_next RENAME TO targets;
ALTER TABLE live_next RENAME TO live;
`

export const libraryMigrations: readonly string[] = [first, formerIndex]
