package relay

import (
	"fmt"
	"strconv"
)

// The database is made in steps, and SQLite's user_version counts those taken,
// so that a database of an older version goes on. once is a digest of all that
// makes a send the same send again, NULL without an id. marks kept the highest
// ref of every mailbox that had messages deleted.
const firstStep = `
CREATE TABLE messages (
	ref       INTEGER PRIMARY KEY,
	recipient TEXT    NOT NULL,
	sender    TEXT    NOT NULL,
	received  INTEGER NOT NULL, -- seconds of the relay's clock
	size      INTEGER NOT NULL, -- bytes of contents
	once      BLOB,
	contents  TEXT    NOT NULL
) STRICT;
CREATE INDEX by_mailbox ON messages (recipient, ref, size);
CREATE INDEX by_age ON messages (received);
CREATE UNIQUE INDEX by_once ON messages (once) WHERE once IS NOT NULL;
CREATE TABLE marks (
	recipient TEXT PRIMARY KEY,
	ref       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// The one row of state has the relay's clock as it was last written, and the
// highest ref of the mailboxes that are empty now: names of such are not kept.
const secondStep = `
CREATE TABLE state (
	only      INTEGER PRIMARY KEY CHECK (only = 1),
	clock     INTEGER NOT NULL, -- seconds, see clock.go
	written   INTEGER NOT NULL, -- when that was, in Unix seconds
	forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO state SELECT 1,
	COALESCE((SELECT received FROM messages ORDER BY ref DESC LIMIT 1), unixepoch()),
	unixepoch(),
	COALESCE((SELECT MAX(ref) FROM marks), 0);
DROP TABLE marks;
`

func (s *store) prepareSchema() error {
	var version int
	if err := s.write.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps := []string{firstStep, secondStep}
	if version > len(steps) {
		return fmt.Errorf("made by a newer version of this program (%d)", version)
	}
	for ; version < len(steps); version++ {
		if err := s.takeStep(steps[version], version+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) takeStep(step string, version int) error {
	tx, err := s.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.Exec(step); err != nil {
		return err
	}
	if _, err := tx.Exec("PRAGMA user_version = " + strconv.Itoa(version)); err != nil {
		return err
	}
	return tx.Commit()
}
